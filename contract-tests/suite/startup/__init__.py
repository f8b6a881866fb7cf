"""Boots the servers under a matrix of settings."""
