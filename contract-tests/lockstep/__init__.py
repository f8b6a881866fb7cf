"""lockstep: holds HTTP servers that share one OpenAPI document in lockstep."""

__version__ = "0.1.0"
