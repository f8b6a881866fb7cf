"""HTTP: what the wire says, turned into calls of services and back."""
