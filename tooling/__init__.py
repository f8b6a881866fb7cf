"""What serves the repository: comparison, site, overview, power of the harness."""
