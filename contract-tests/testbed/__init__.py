"""What the twins are run on: PostgreSQL, databases, servers, processes, ports."""
