"""Decides whether two answers are the same once server-made values are matched."""
