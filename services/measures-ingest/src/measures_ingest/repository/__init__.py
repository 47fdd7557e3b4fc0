"""All SQL of this service: rows ↔ values."""
