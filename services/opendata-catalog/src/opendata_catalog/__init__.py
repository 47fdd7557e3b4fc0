"""The open data programme: the inventory of datasets."""
