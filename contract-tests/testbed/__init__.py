"""The test environment: PostgreSQL, databases, servers, processes, ports."""
