"""The HTTP face of the plan."""
