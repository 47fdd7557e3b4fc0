"""What runs by itself: the recompute, and the recording of days."""
