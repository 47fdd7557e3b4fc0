"""Woken by a timer or a hint."""
