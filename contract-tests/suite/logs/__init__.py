"""Compares the lines that requests leave in the logs of the servers."""
