"""Measures what lockstep finds on unknown servers: `make bench-power`."""
