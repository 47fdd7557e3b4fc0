"""goals-api on real parts."""
