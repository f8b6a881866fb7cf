"""The HTTP server: what refuses, times, drains and supervises."""
