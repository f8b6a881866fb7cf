"""The checks before a handler runs, and what is done to every answer."""
