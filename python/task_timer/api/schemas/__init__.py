"""Converts between wire format and domain values. The rules are in the contract."""
