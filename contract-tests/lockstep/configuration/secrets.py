"""Finds the secret values of a configuration, which no report may contain."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from lockstep.report.secret_names import is_secret_name

_SECRET_HEADER = re.compile(r"authorization|cookie|token|secret|key|password", re.IGNORECASE)
_PREFIX = re.compile(r"[A-Za-z]+ ")
# Masking shorter texts would mask unrelated parts of a report.
_SHORTEST = 4


def secret_values(data: Mapping[str, Any]) -> set[str]:
    """Return tokens, passwords, and the values of header fields that carry credentials.

    Header values are without their authentication scheme; passwords are also encoded with user
    names, as for HTTP Basic.
    """
    found = {_PREFIX.sub("", value, count=1) for value in _headers(data)}
    found |= {each.get("key_password", "") for each in (data, *data.get("targets", ()))}
    found |= set(_of_databases(data))
    for user in data.get("users", ()):
        found |= {user.get("token", ""), *user.get("tokens", {}).values()}
        for own in ({}, *user.get("values_for", {}).values()):
            found |= set(_of_account({**user.get("values", {}), **own}))
    return {value for value in found if len(value) >= _SHORTEST}


def _of_account(values: Mapping[str, str]) -> Iterator[str]:
    for name, secret in values.items():
        if is_secret_name(name):
            yield secret
            others = (text for other, text in values.items() if other != name)
            yield from (base64.b64encode(f"{text}:{secret}".encode()).decode() for text in others)


def _of_databases(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the passwords in database URLs, both decoded and percent-encoded."""
    for target in data.get("targets", ()):
        password = urlsplit(target.get("effects", {}).get("database", "")).password or ""
        yield from (password, unquote(password))


def _headers(data: Mapping[str, Any]) -> Iterator[str]:
    for holder in (data, *data.get("targets", ())):
        for name, value in holder.get("headers", {}).items():
            if _SECRET_HEADER.search(name):
                yield value
