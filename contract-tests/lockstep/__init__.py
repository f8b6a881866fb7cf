"""lockstep: holds HTTP servers that share one OpenAPI document in lockstep."""
