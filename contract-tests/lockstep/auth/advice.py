"""Hints on how to configure a log-in in `lockstep.toml`: a sentence, and lines to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lockstep.auth.calls import Call
from lockstep.auth.discovery import find_log_in
from lockstep.auth.schemes import schemes_of
from lockstep.openapi.document import Document

# TOML ignores the indentation; it shows what belongs together.
_INDENT = "    "
_ACCOUNT = 'values = { username = "ann", password = "${ANN_PASSWORD}" }'
_PROGRAM = 'values = { client_id = "…", client_secret = "${CLIENT_SECRET}" }'
_TOKEN = 'token = "${ANN_TOKEN}"'
_BEARER = 'send = "Authorization: Bearer {token}"'


def pasted(sentence: str, *lines: str) -> str:
    """Join a sentence and the lines that it refers to."""
    return "\n".join([f"{sentence}:", *(_INDENT + line for line in lines)])


TOKEN = pasted(
    "In lockstep.toml, set where the login response contains it (or header:NAME, cookie:NAME)",
    "[log_in]",
    'token = "/data/token"',
)
SEND = pasted(
    "In lockstep.toml, set how the token is sent (or cookie:NAME, query:NAME)",
    "[log_in]",
    'send = "Authorization: Token {token}"',
)
CLIENT = pasted(
    "In lockstep.toml, set where tokens are requested",
    "[log_in]",
    'operation = "POST /oauth/token"',
)


def user_lines(document: Document) -> str:
    """Return the table of a user with the credentials that the document requires."""
    schemes = list(schemes_of(document).values())
    kinds = [line for line in (_PROGRAM, _ACCOUNT, _TOKEN) if line in map(_line, schemes)]
    chosen = kinds[0] if kinds else _TOKEN
    if chosen == _TOKEN and find_log_in(document)[1] is not None:
        chosen = _ACCOUNT
    send = [_BEARER] if chosen == _TOKEN and not schemes else []
    sentence = "In lockstep.toml, add a user with access"
    return pasted(sentence, "[[users]]", 'name = "ann"', chosen, *send)


def call_lines(table: str, action: str, call: Call) -> str:
    """Return the table of a `register` or `log_in` call with the sent values, to be corrected."""
    operation = call.operation
    kind = "form" if call.form else "json"
    return pasted(
        f"In lockstep.toml, set how users {action}",
        f"[{table}]",
        f"operation = {_toml(operation)}",
        f"{kind} = {_toml(call.json)}",
    )


def _line(scheme: Mapping[str, Any]) -> str:
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    flows = scheme.get("flows") or {}
    if kind == "openIdConnect" or "clientCredentials" in flows:
        return _PROGRAM
    if word in ("basic", "digest") or "password" in flows:
        return _ACCOUNT
    return _TOKEN


def _toml(value: Any) -> str:
    """Format a JSON value on one line of TOML, which has no null."""
    if isinstance(value, Mapping):
        members = (f"{_key(k)} = {_toml(v)}" for k, v in value.items() if v is not None)
        inside = ", ".join(members)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value if each is not None)}]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)
