"""Tests of the Python twin, against a real PostgreSQL that TEST_DATABASE_URL names."""
