"""The roll-up on a real database and a real stream."""
