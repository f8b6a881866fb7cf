"""The HTTP server: parsing, refusals, timeouts, draining and workers."""
