"""The steps of findings in a JSON report."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lockstep.recordings.recording import NOWHERE, Recording, RecordingError, Step
from lockstep.transport.messages import Headers, NoResponse, Outcome, Request, Response

# A masked secret, numbered if a later request sends it.
_MASK = re.compile(r"\*\*\*(\d+)")


def read_saved(data: Mapping[str, Any], title: str, number: int | None = None) -> Recording:
    """Return the steps of one finding: number `number` (from 1) of a report, or a single finding.

    Raises `RecordingError` if there is no such finding, or it has no steps.
    """
    found = _choose(data, number)
    try:
        steps = tuple(_step(step) for step in found["steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"{title}: not a finding with steps: {error}") from error
    if not steps:
        raise RecordingError(f"{title}: the finding has no steps")
    what = " ".join(str(found.get(name, "")) for name in ("operation", "kind", "where"))
    addresses = found["steps"][0].get("addresses", {})
    base_url = next(iter(addresses.values()), NOWHERE)
    return Recording(f"{title}: {what}".strip(": "), steps, base_url, is_traffic=False)


def read_every_step(data: Mapping[str, Any], title: str) -> Recording:
    """Return the steps of all findings of a report, or of a single finding.

    Raises `RecordingError` if none of them can be read.
    """
    listed = [data.get(name) for name in ("findings", "seen_once") if name in data]
    findings = [each for found in listed if isinstance(found, list) for each in found]
    read: list[Recording] = []
    for finding in findings if listed else [data]:
        with suppress(RecordingError):
            read.append(read_saved(finding, title))
    if not read:
        raise RecordingError(f"{title}: no finding has steps")
    return replace(read[0], steps=tuple(step for each in read for step in each.steps))


def _choose(data: Mapping[str, Any], number: int | None) -> Mapping[str, Any]:
    findings = data.get("findings")
    if findings is None:
        return data
    if number is not None:
        findings = [*findings, *data.get("seen_once", ())]
    if number is None:
        if len(findings) != 1:
            raise RecordingError(f"the report has {len(findings)} findings: --finding takes one")
        number = 1
    if not 1 <= number <= len(findings):
        raise RecordingError(
            f"the report has {len(findings)} findings; there is no number {number}"
        )
    chosen: Mapping[str, Any] = findings[number - 1]
    return chosen


def _step(step: Mapping[str, Any]) -> Step:
    requests, outcomes = step["requests"], step["outcomes"]
    leader = next(iter(outcomes))
    return Step(
        _request(step.get("request") or requests[leader], step.get("actor")),
        _outcome(outcomes[leader]),
        partial="cut" in (outcomes[leader].get("body") or {}),
    )


def _request(data: Mapping[str, Any], actor: str | None) -> Request:
    body = data.get("body")
    return Request(
        data["method"],
        _unmasked(data["path"]),
        _headers(data["headers"]),
        _bytes(body) if body is not None else None,
        actor=actor,
        from_root=data.get("from_root", False),
    )


def _outcome(data: Mapping[str, Any]) -> Outcome:
    if "failure" in data:
        return NoResponse(data["failure"], data.get("detail") or "")
    return Response(data["status"], _headers(data["headers"]), _bytes(data.get("body") or {}))


def _headers(pairs: Any) -> Headers:
    return tuple((name, _unmasked(value)) for name, value in pairs)


def _bytes(body: Mapping[str, str]) -> bytes:
    if "base64" in body:
        return base64.b64decode(body["base64"])
    return _unmasked(body.get("text", "")).encode("utf-8", "surrogatepass")


def _unmasked(text: str) -> str:
    """Replace numbered masks with tokens, so that they differ from other words."""
    return _MASK.sub(lambda mask: f"masked-secret-{int(mask[1]):04}", text)
