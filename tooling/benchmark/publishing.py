"""Writes compare.json and the page, only if both are valid."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from tooling.benchmark.page import render
from tooling.benchmark.profiles import P99_LIMIT_MS

SCHEMA = Path(__file__).with_name("compare.schema.json")


def publish(data: Mapping[str, Any], results: Path, page: Path) -> Path:
    """Write both files; return the page. Raises ValueError if data do not match the schema."""
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(data)
    html = render(data)
    page.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    page.write_text(html, encoding="utf-8")
    return page


def sender_late(rounds: Iterable[Mapping[str, Any]]) -> float:
    """Return the 99th percentile of the load generator's delay at worst, in milliseconds.

    Only sustained fixed rates count; above them it shares a processor with an overloaded server.
    """
    return max(
        (
            point["late_p99"]
            for each in rounds
            for load in each["loads"].values()
            for point in load["curve"]
            if point["p99"] is not None and point["p99"] <= P99_LIMIT_MS
        ),
        default=0.0,
    )
