"""Reads and writes the JSON form of a warrant."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from lockstep.schemas import saved
from lockstep.warrant.bounds import CONFIDENCE
from lockstep.warrant.latency import Latency, Ratio
from lockstep.warrant.model import CATEGORIES, Divergence, Route, Warrant

SCHEMA_VERSION = 1
_SECONDS = 10.0
# The path on the admin server; a URL with another path is used as it is.
_PLACE = "/warrant"


class WarrantError(ValueError):
    """A text is not a warrant, is one of another version, or is not available."""


def json_text(warrant: Warrant) -> str:
    """Return the text of a warrant; lone surrogates, which UTF-8 lacks, stay escaped."""
    return saved.json_text(as_data(warrant))


def as_data(warrant: Warrant) -> dict[str, Any]:
    """Return a warrant as JSON data, including derived values such as bounds."""
    total = warrant.total
    return {
        "schema_version": SCHEMA_VERSION,
        "document": warrant.document,
        "digest": warrant.digest,
        "targets": list(warrant.targets),
        "started": warrant.started,
        "until": warrant.until,
        "sources": warrant.sources,
        "confidence": CONFIDENCE,
        "notes": warrant.notes,
        "total": _counts(total),
        "routes": [_route(warrant, each) for each in warrant.routes],
    }


def read_warrant(text: str, source: str = "warrant") -> Warrant:
    """Read a warrant and validate it. Raises `WarrantError`, which begins with the `source`."""
    try:
        data = saved.read_saved(text, source, "warrant", SCHEMA_VERSION)
    except ValueError as error:
        raise WarrantError(str(error)) from error
    try:
        return Warrant(
            data["document"],
            data["digest"],
            tuple(data["targets"]),
            data["started"],
            data["until"],
            [_read_route(each) for each in data["routes"]],
            data["sources"],
            data["notes"],
        )
    except ValueError as error:
        raise WarrantError(f"{source}: {error}") from error


def load_warrant(source: str) -> Warrant:
    """Read a warrant from a file, or from the admin address of a running proxy.

    `http://127.0.0.1:9090` is enough. Raises `WarrantError` if there is none.
    """
    if not source.startswith(("http://", "https://")):
        try:
            return read_warrant(Path(source).read_text(encoding="utf-8"), source)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise WarrantError(f"{source}: {(reason or str(error)).lower()}") from error
    url = source if urlsplit(source).path.strip("/") else source.rstrip("/") + _PLACE
    try:
        answer = requests.get(url, timeout=_SECONDS)
        answer.raise_for_status()
    except requests.HTTPError as error:
        raise WarrantError(f"{url}: returned {error.response.status_code}") from error
    except requests.RequestException as error:
        raise WarrantError(
            f"{url}: no response ({type(error).__name__}): is it the --admin address of a proxy?"
        ) from error
    return read_warrant(answer.text, url)


def _route(warrant: Warrant, route: Route) -> dict[str, Any]:
    ratios = {name: warrant.ratio(route, name) for name in warrant.targets[1:]}
    return {
        "route": route.name,
        "operation": route.operation,
        "documented": route.documented,
        **_counts(route),
        "latency": {name: each.as_data() for name, each in route.latency.items()},
        "latency_ratio": {name: _ratio(each) for name, each in ratios.items() if each is not None},
        "never_seen": {
            name: sorted(route.never_seen[name]) for name in CATEGORIES if name in route.never_seen
        },
        "findings": [
            {
                "class": each.kind,
                "sentence": each.sentence,
                "count": each.count,
                "at": each.at,
                "request_id": each.request_id,
            }
            for each in route.findings
        ],
    }


def _counts(route: Route) -> dict[str, Any]:
    return {
        "sentence": route.sentence,
        "requests": route.requests,
        "answers": dict(sorted(route.answers.items())),
        "compared": route.compared,
        "alike": route.alike,
        "known": route.known,
        "diverged": route.diverged,
        "classes": dict(sorted(route.kinds.items())),
        "shed": route.shed,
        "unclear": route.unclear,
        "failed": dict(sorted(route.failed.items())),
        "set_aside": dict(sorted(route.set_aside.items())),
        "bound": route.bound(),
    }


def _ratio(ratio: Ratio) -> dict[str, float]:
    return {"ratio": ratio.ratio, "low": ratio.low, "high": ratio.high}


def _read_route(data: dict[str, Any]) -> Route:
    return Route(
        data["route"],
        data["operation"],
        data["documented"],
        data["requests"],
        Counter(data["answers"]),
        data["alike"],
        data["known"],
        data["diverged"],
        Counter(data["classes"]),
        data["shed"],
        data["unclear"],
        Counter(data["failed"]),
        Counter(data["set_aside"]),
        {name: Latency.of(each) for name, each in data["latency"].items()},
        {name: frozenset(each) for name, each in data["never_seen"].items()},
        [
            Divergence(
                each["class"], each["sentence"], each["at"], each["count"], each["request_id"]
            )
            for each in data["findings"]
        ],
    )
