"""Measures what the proxy of lockstep adds to a request."""
