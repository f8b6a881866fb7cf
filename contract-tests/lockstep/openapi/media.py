"""Matches the `Content-Type` of a response with the documented media types."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import TypeVar

Content = TypeVar("Content")
# JSON media types without the suffix `+json`.
_JSON = frozenset({"json", "x-json", "vnd.api.json", "javascript-json"})


def find_media_type(documented: Mapping[str, Content], value: str | None) -> Content | None:
    """Return what is documented for a `Content-Type`, under the most specific matching key.

    Keys may be ranges (`*/*`, `image/*`, `application/*+json`) and may have parameters, which only
    decide between keys that are equal otherwise.
    """
    found = [(rank, key) for key in documented if (rank := _rank(key, value)) is not None]
    return documented[max(found)[1]] if found else None


def is_json(media_type: str | None) -> bool:
    """Whether a media type is JSON: a single JSON text, not a sequence."""
    subtype = (media_type or "").partition(";")[0].strip().lower().rpartition("/")[2]
    return subtype in _JSON or subtype.endswith("+json")


def _rank(key: str, value: str | None) -> tuple[int, int] | None:
    """Return how specifically a key matches, higher is more; `None` if it does not match."""
    wanted, parameters = _parsed(key)
    if wanted in ("*/*", "*"):
        return 0, 0
    if value is None:
        return None
    given, sent = _parsed(value)
    same = len(parameters.items() & sent.items())
    differing = sum(name in sent and sent[name] != text for name, text in parameters.items())
    if wanted == given:
        return 3, same - 10 * differing
    main, _, sub = wanted.partition("/")
    if not given.startswith(f"{main}/"):
        return None
    if sub == "*":
        return 1, 0
    if sub.startswith("*+") and given.endswith(sub[1:]):
        return 2, 0
    # Some older documents mean `application/*+json` by `application/json`; it is not read so here.
    return None


@lru_cache(1_024)
def _parsed(value: str) -> tuple[str, Mapping[str, str]]:
    message = Message()
    message["content-type"] = value
    found = message.get_params(failobj=[], header="content-type") or [("", "")]
    (media_type, _), *parameters = found
    return media_type.strip().lower(), {name.lower(): text.lower() for name, text in parameters}
