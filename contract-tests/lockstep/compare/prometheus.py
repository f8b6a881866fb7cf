"""Compares metrics in the Prometheus text format: which metrics exist, not their values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.matching.difference import Difference
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import Response

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(\{.*\})?\s+\S+")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def compare_metrics(left: bytes, right: bytes) -> Iterator[Difference]:
    """Yield the names, types, help texts and label sets that only one side has."""
    ours, theirs = _series(left), _series(right)
    if ours != theirs:
        only_ours, only_theirs = sorted(ours - theirs), sorted(theirs - ours)
        yield Difference("metrics", "body", _listed(only_ours), _listed(only_theirs))


def is_volatile(operation: Operation | None, response: Response) -> bool:
    """Whether the document marks a response as metrics, with `x-volatile: prometheus`."""
    documented = operation.response_for(response.status) if operation else None
    if documented is None:
        return False
    content = documented.content_for(response.media_type) or {}
    return content.get("x-volatile") == "prometheus"


def _series(body: bytes) -> set[str]:
    found = set()
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith(("# TYPE ", "# HELP ")):
            found.add(line)
        elif not line.startswith("#") and (sample := _SAMPLE.match(line)):
            labels = sorted(_LABEL.findall(sample.group(2) or ""))
            found.add(sample.group(1) + "{" + ",".join(f'{k}="{v}"' for k, v in labels) + "}")
    return found


def _listed(series: list[str]) -> str:
    return "only here: " + "; ".join(series) if series else "nothing of its own"
