"""Decides whether two responses are equivalent once server-generated values are matched."""
