"""Starts the servers with a matrix of settings."""
