"""Checks responses against the expectations of a story."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.drivers.stories.values import mismatches
from lockstep.transport.messages import NoResponse, Outcome, Response


def statuses(expected: Mapping[str, Any]) -> frozenset[int]:
    """Return the status codes that an expectation allows."""
    wanted = expected["status"]
    return frozenset(wanted if isinstance(wanted, list) else [wanted])


def faults(expected: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    """Yield the unmet expectations of an outcome."""
    wanted = statuses(expected)
    if isinstance(outcome, NoResponse):
        yield f"expected status {_either(wanted)}, got no response ({outcome.reason})"
    elif outcome.status not in wanted:
        body = outcome.body[:300].decode("utf-8", "replace")
        yield f"expected status {_either(wanted)}, got {outcome.status} {body}"
    else:
        yield from _header_faults(expected.get("headers", {}), outcome)
        yield from _body_faults(expected, outcome)


def _body_faults(expected: Mapping[str, Any], response: Response) -> Iterator[str]:
    if expected.get("body_absent") and response.body:
        yield f"expected no body, got {len(response.body)} bytes"
    if "body" in expected and response.body != expected["body"].encode():
        yield f"expected the body {expected['body']!r}, got {response.body[:300]!r}"
    if "code" in expected:
        yield from _json_faults({"code": expected["code"]}, response)
    if "json" in expected:
        yield from _json_faults(expected["json"], response)


def _json_faults(expected: Any, response: Response) -> Iterator[str]:
    try:
        actual = json.loads(response.body)
    except (ValueError, RecursionError):
        yield f"expected JSON, got {response.body[:300]!r}"
        return
    yield from mismatches(expected, actual)


def _header_faults(expected: Mapping[str, Any], response: Response) -> Iterator[str]:
    for name, wanted in expected.items():
        value = response.header(name)
        if isinstance(wanted, dict):
            holds = value is not None and re.search(wanted["matches"], value) is not None
        elif wanted in ("present", "absent"):
            holds = (value is not None) == (wanted == "present")
        else:
            holds = value == wanted
        if not holds:
            yield f"header {name}: expected {wanted}, got {value if value is not None else 'none'}"


def _either(statuses: frozenset[int]) -> str:
    return " or ".join(map(str, sorted(statuses)))
