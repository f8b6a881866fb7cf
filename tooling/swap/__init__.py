"""Swaps the runtimes behind a proxy, under load, and checks that no client notices."""
