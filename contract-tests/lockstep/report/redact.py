"""Keeps secrets out of reports."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from lockstep.report.steps import Data

MASK = "***"


def masked(data: Data, secrets: Collection[str]) -> Data:
    """The data with every secret in every text as `***`, whatever form it stands in there.

    A secret is also found percent-encoded, escaped as in JSON, and in base64; empty ones are
    passed over.
    """
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    walked: Data = _walk(data, forms)
    return walked


def _walk(node: Any, forms: Collection[str]) -> Any:
    if isinstance(node, str):
        for form in forms:
            node = node.replace(form, MASK)
        return node
    if isinstance(node, list):
        return [_walk(item, forms) for item in node]
    if isinstance(node, dict):
        return {
            _walk(key, forms): _bytes(value, forms) if key == "base64" else _walk(value, forms)
            for key, value in node.items()
        }
    return node


def _bytes(encoded: str, forms: Collection[str]) -> str:
    """A body that is no text: a secret in it stands at any place of the three that base64 has."""
    body = base64.b64decode(encoded)
    for form in forms:
        body = body.replace(form.encode(), MASK.encode())
    return base64.b64encode(body).decode()


def _forms(secret: str) -> set[str]:
    if not secret:
        return set()
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded}
