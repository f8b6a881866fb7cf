"""Outbound HTTP calls of the targets to other services: recorded, replayed and compared."""
