"""Faults as in production: the database, the processes or the clients of servers fail."""
