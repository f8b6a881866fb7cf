"""Identifiers that the server generates."""

import uuid_utils


def new_id() -> str:
    """Generates a version 7 UUID (RFC 9562) in lower case; later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())
