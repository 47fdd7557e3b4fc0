"""The HTTP face: parse, load, judge, store, answer."""
