"""Moves live traffic from one target to another, as long as the warrants of the routes hold."""
