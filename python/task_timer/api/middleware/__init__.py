"""The checks before a handler runs, and the finishers of every response."""
