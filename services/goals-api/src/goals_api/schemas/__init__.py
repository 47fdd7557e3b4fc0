"""API words in and out."""
