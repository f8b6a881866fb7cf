"""Compares the log lines that requests cause on the servers."""
