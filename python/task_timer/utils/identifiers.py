"""Identifiers that the server makes."""

import uuid_utils


def new_id() -> str:
    """Makes a UUID of version 7 (RFC 9562) in lower case; later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())
