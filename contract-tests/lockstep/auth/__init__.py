"""Finds in the document how users register and log in, and does so."""
