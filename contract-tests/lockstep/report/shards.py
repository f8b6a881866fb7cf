"""The member `shard` of a report, from which shards are merged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from lockstep.openapi.document import Document
from lockstep.report.steps import Data
from lockstep.results.conditions import Condition, Conditions
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Finding, Neighbour
from lockstep.results.signatures import Signature
from lockstep.results.tried import Tried
from lockstep.transport.messages import Request
from lockstep.verdict import Part

# Kinds whose values are status codes: they determine whether findings share a cause.
_STATUSES = frozenset({"status", "outcome"})


def shard_data(part: Part, document: Document, numbered: Iterable[tuple[Finding, int]]) -> Data:
    """Return the member `shard` of a report; `numbered` are the findings in the report."""
    numbers = {id(finding): number for finding, number in numbered}
    share = part.share
    operations = document.operations.values()
    return {
        "number": share.shard.number,
        "of": share.shard.of,
        "document": digest(document),
        "operations": [one.name for one in operations if share.owns(one.name)],
        "guarded": [one.name for one in operations if one.requires_auth],
        "observed": [_observed(was, numbers.get(id(now))) for was, now in part.observed],
        "tried": part.tried.rows(),
    }


def digest(document: Document) -> str:
    """Return a digest that identifies a document."""
    text = json.dumps(document.raw, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _observed(finding: Finding, number: int | None) -> Data:
    values = finding.values if finding.kind in _STATUSES else {}
    return {
        "finding": number,
        "category": finding.category,
        "operation": finding.operation,
        "kind": finding.kind,
        "where": finding.where,
        "targets": list(finding.targets),
        "values": dict(values),
        "signature": [finding.signature.kind, finding.signature.what, finding.signature.how],
        "conditions": _listed(finding.conditions),
        "count": finding.count,
        "reproduced": finding.reproduced,
        "compared": finding.neighbour is not None,
        "cause": _listed([finding.cause]) if finding.cause is not None else [],
        "effect_of": finding.effect_of,
        "method": finding.sequence[-1].request.method if finding.sequence else "",
        "steps": len(finding.sequence),
    }


def _listed(conditions: Iterable[Condition]) -> list[list[str]]:
    return [[one.kind, one.subject, one.detail] for one in conditions]


def observed(shard: Data) -> Iterator[tuple[Finding, int | None]]:
    """Yield the observations of a shard, each with the number of its finding."""
    for one in shard["observed"]:
        # Only the number of steps matters here.
        step = Exchange(0, Request(one["method"], "/"), one["operation"], {}, {}, {})
        causes = _read(one["cause"])
        finding = Finding(
            one["category"],
            one["operation"],
            one["kind"],
            one["where"],
            tuple(one["targets"]),
            dict(one["values"]),
            sequence=[step] * one["steps"],
            signature=Signature(*one["signature"]),
            conditions=_read(one["conditions"]),
            count=one["count"],
            reproduced=one["reproduced"],
            neighbour=Neighbour("", ()) if one["compared"] else None,
            effect_of=one["effect_of"],
            cause=causes[0] if causes else None,
        )
        yield finding, one["finding"]


def tried(shards: Iterable[Mapping[str, Data]]) -> Tried:
    """Return how often each condition made no difference, over all shards."""
    total = Tried()
    for shard in shards:
        total.add(shard["tried"])
    return total


def _read(rows: Iterable[list[str]]) -> Conditions:
    return tuple(Condition(*row) for row in rows)
