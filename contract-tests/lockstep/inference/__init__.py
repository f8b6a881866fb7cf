"""Infers server-generated values from names and formats, for documents without annotations."""
