"""Steps that more than one entry point takes."""
