"""The cost limits of requests that are within the size limits."""
