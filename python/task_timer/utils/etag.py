"""Entity tags (RFC 9110, 8.8.3)."""

import hashlib
import re

_TAG = re.compile(r'(W/)?("[!#-~]*")')


def make_etag(body: bytes) -> str:
    """Computes the strong entity tag (RFC 9110, 8.8.3) of a body from 128 bits of its SHA-256."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches_strongly(tags: str, etag: str) -> bool:
    """Returns whether If-Match matches `etag`, by strong comparison (RFC 9110, 13.1.1)."""
    return tags == "*" or any(tag == etag and not weak for weak, tag in _TAG.findall(tags))


def matches_weakly(tags: str, etag: str) -> bool:
    """Returns whether If-None-Match matches `etag`, by weak comparison (RFC 9110, 13.1.2)."""
    return tags == "*" or any(tag == etag for _, tag in _TAG.findall(tags))
