"""The calls that targets make to other services: recorded, answered and compared."""
