"""The HTTP layer: turns requests into service calls, and results into responses."""
