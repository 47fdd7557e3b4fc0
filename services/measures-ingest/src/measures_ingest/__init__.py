"""The push: sources, observations, revisions."""
