"""Tells which operations take credentials, also where only prose says that they are optional."""

from __future__ import annotations

import re

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

_CREDENTIALS = r"\b(auth(entication|orization)?|credentials?|log-?in|token)\b"
# How descriptions say that an operation takes credentials and does without.
_OPTIONAL = re.compile(
    rf"{_CREDENTIALS}[^.,;]{{0,12}}\boptional\b|\boptional(ly)?\b[^.,;]{{0,12}}{_CREDENTIALS}",
    re.IGNORECASE,
)


def takes_user(document: Document, operation: Operation) -> bool:
    """Whether an operation requires or accepts credentials."""
    security = operation.definition.get("security", document.modern.get("security", []))
    return operation.requires_auth or any(security or ()) or _says_optional(document, operation)


def _says_optional(document: Document, operation: Operation) -> bool:
    """Whether prose alone says that credentials are optional, as `{}` in `security` would."""
    if not document.modern.get("components", {}).get("securitySchemes"):
        return False
    texts = (operation.definition.get(name, "") for name in ("summary", "description"))
    return any(_OPTIONAL.search(str(text)) for text in texts)
