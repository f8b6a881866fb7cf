"""Utilities that know nothing of the domain; they import nothing of the project."""
