"""Steps that several entry points share."""
