"""The engine: status of every node, stored, explained, served."""
