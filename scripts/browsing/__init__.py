"""A browser with somebody in front of it."""
