"""Reads bodies other than JSON: XML, forms, multipart, and the items of streams."""
