"""Entity tags (RFC 9110, 8.8.3)."""

import hashlib
import re

_TAG = re.compile(r'(W/)?("[!#-~]*")')


def make_etag(body: bytes) -> str:
    """Make the strong entity tag of a body, with its quotes: 32 digits of the SHA-256."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches_strongly(tags: str, etag: str) -> bool:
    """Tell whether a list of tags names this one as If-Match compares: weak ones never do."""
    return tags == "*" or any(tag == etag and not weak for weak, tag in _TAG.findall(tags))


def matches_weakly(tags: str, etag: str) -> bool:
    """Tell whether a list of tags names this one as If-None-Match compares, weak ones included."""
    return tags == "*" or any(tag == etag for _, tag in _TAG.findall(tags))
