"""Probes with adjacent and overlapping ranges of dates or times.

Schemas do not tell whether two bookings may touch or overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.drivers.probes.trial import Probe, Trial
from lockstep.drivers.walk.bodies import with_member
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.ranges import Range, json_body, range_in, span_in
from lockstep.transport.messages import Request

_BESIDE = 7
# The first range and the second one, in days or hours from the start of the first.
_FIRST = (0, 3)
_SECOND = {
    "right after another": (3, 5),
    "right before another": (-2, 0),
    "over the end of another": (2, 4),
    "over the start of another": (-1, 1),
    "inside another": (1, 2),
    "around another": (-1, 4),
}
# The start of the second range, in lengths of the first one from its start.
_NEXT = {
    "right after another": 1,
    "right before another": -1,
    "over the end of another": 0.5,
}


def range_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for a creation whose body has a range, and for lists of them in a body."""
    if trial.spares_user or trial.media is None or not trial.media.has_members:
        return
    yield from _lists(trial, trial.media.schema)
    if not trial.is_creation:
        return
    body = trial.maker.client.fill(trial.template())
    if range_in(body) is not None:
        for reason, ends in _SECOND.items():
            yield Probe(_BESIDE, f"a range {reason}", partial(_beside, trial, ends))
    elif span_in(body) is not None:
        for reason, start in _NEXT.items():
            yield Probe(_BESIDE, f"a range {reason}", partial(_next, trial, start))


def _lists(trial: Trial, schema: Any) -> Iterator[Probe]:
    """Yield the probes for lists of ranges in one body, such as opening hours."""
    document, template = trial.maker.client.document, trial.template()
    for name, declared in flat(document, schema).get("properties", {}).items():
        member = flat(document, declared)
        if member.get("readOnly") or kind_of_value(member) != "array":
            continue
        given = template.get(name) if isinstance(template, Mapping) else None
        element = body_template(document, member.get("items", {}))
        if isinstance(given, list) and given:
            element = given[0]
        found = range_in(element, empty=True)
        if found is None:
            continue
        for reason, ends in _SECOND.items():
            ranges = [found.place(element, each) for each in (_FIRST, ends)]
            send = partial(_sent_with, trial, name, ranges)
            yield Probe(_BESIDE, f"{name} has a range {reason}", send)


def _sent_with(trial: Trial, name: str, ranges: list[dict[str, Any]]) -> object:
    return trial.send(trial.request(with_member(trial.template(), (name,), ranges)))


def _beside(trial: Trial, ends: tuple[int, int]) -> object:
    """Create a resource with a range, then one with an adjacent or overlapping range."""
    values = trial.values(fresh=True)
    sent = trial.request(values=values)
    found = range_in(json_body(sent))
    if found is None:
        return None
    first = trial.send(_placed(sent, found, _FIRST), values)
    if not succeeded(first) or first.parted:
        return None
    return trial.send(_placed(trial.request(values=values), found, ends), values)


def _next(trial: Trial, start: float) -> object:
    """Create a resource with a time that it lasts, then one that starts close to it."""
    values = trial.values(fresh=True)
    sent = trial.request(values=values)
    found = span_in(json_body(sent))
    first = trial.send(sent, values) if found is not None else None
    if found is None or first is None or not succeeded(first) or first.parted:
        return None
    other = trial.request(values=values)
    return trial.send(_with_body(other, found.place(json_body(other), start)), values)


def _placed(request: Request, found: Range, ends: tuple[int, int]) -> Request:
    return _with_body(request, found.place(json_body(request), ends))


def _with_body(request: Request, body: Mapping[str, Any]) -> Request:
    return replace(request, body=json.dumps(body, ensure_ascii=False).encode())
