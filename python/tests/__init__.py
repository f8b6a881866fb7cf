"""Tests of the Python twin, against a real PostgreSQL that DATABASE_URL names."""
