"""What production does to servers: their database, their processes and their clients fail."""
