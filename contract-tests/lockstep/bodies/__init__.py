"""Reads bodies that are no JSON text: XML, forms, parts, and the items of streams."""
