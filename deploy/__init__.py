"""How Tideline is run: locally from wheels, or as containers."""
