"""Moves live traffic from Python to Node by `lockstep cutover`, and from a wrong Node back."""
