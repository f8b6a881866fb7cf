"""Swaps the runtimes behind a proxy, under load, and shows that nobody notices."""
