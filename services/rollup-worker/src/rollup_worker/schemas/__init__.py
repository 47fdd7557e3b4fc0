"""API words out, and the way back from what is stored."""
