"""Which values of a configuration no report may show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|key|password", re.IGNORECASE)
_PREFIX = re.compile(r"[A-Za-z]+ ")
# A shorter text would blot out half of a report.
_SHORTEST = 4


def secret_values(data: Mapping[str, Any]) -> set[str]:
    """The tokens, and the values of headers that carry credentials, without a word before them."""
    found = {_PREFIX.sub("", value, count=1) for value in _headers(data)}
    for user in data.get("users", ()):
        found |= {user.get("token", ""), *user.get("tokens", {}).values()}
    return {value for value in found if len(value) >= _SHORTEST}


def _headers(data: Mapping[str, Any]) -> Iterator[str]:
    for holder in (data, *data.get("targets", ())):
        for name, value in holder.get("headers", {}).items():
            if _SECRET_HEADER.search(name):
                yield value
