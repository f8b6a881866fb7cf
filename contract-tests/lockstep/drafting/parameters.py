"""Infers the path, query and header parameters of an operation."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from lockstep.drafting.forms import text_schema
from lockstep.drafting.names import is_parameter
from lockstep.drafting.sample import Sample
from lockstep.drafting.schemas import enumerated
from lockstep.drafting.security import Security
from lockstep.report.secret_names import is_secret_header
from lockstep.transport.cookies import is_csrf

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Set by HTTP clients, browsers and intermediaries, or described elsewhere in OpenAPI.
_NOISE = re.compile(
    r"accept(?:-.*)?|authorization|proxy-.*|content-.*|cookie2?|host|user-agent|referer|origin|dnt|"
    r"sec-.*|cache-control|pragma|connection|upgrade.*|keep-alive|te|via|forwarded|from|date|expect|"
    r"if-modified-since|if-none-match|if-range|range|priority|save-data|device-memory|viewport-.*|"
    r"downlink|ect|rtt|dpr|width|purpose|alt-used|early-data|access-control-.*|max-forwards|"
    r"x-requested-with|x-forwarded-.*|x-real-ip|x-client-data|x-client-ip|x-amz.*|x-b3-.*|"
    r"x-datadog.*|x-newrelic.*|newrelic|x-sentry.*|sentry-.*|baggage|trace.*|uber-trace-id|"
    r"x-cloud-trace.*|x-(?:request|correlation|trace|span|transaction)-?id|request-id|x-devtools.*|"
    r"x-chrome.*|x-postman.*|postman-token|x-schemathesis.*|x-envoy.*|cf-.*|x-ms-request.*|"
    r"x-firefox.*|x-moz|x-browser.*|x-same-domain|true-client-ip|x-original-.*|x-powered-by",
    re.IGNORECASE,
)
_ENOUGH = 2

Data = dict[str, Any]


def path_parameters(template: Sequence[str], samples: Sequence[Sample]) -> list[Data]:
    """Return the path parameters; their types are those of successful requests, if any."""
    known = [sample for sample in samples if sample.succeeded] or samples
    found = []
    for at, part in enumerate(template):
        if is_parameter(part):
            texts = sorted({unquote(sample.segments[at]) for sample in known})
            schema = text_schema(texts)
            found.append({"name": part[1:-1], "in": "path", "required": True, "schema": schema})
    return found


def query_parameters(samples: Sequence[Sample], security: Security) -> list[Data]:
    """Return the query parameters; those that all successful requests have are required."""
    done = [sample for sample in samples if sample.succeeded] or list(samples)
    always = Counter(name for sample in done for name in {name for name, _ in sample.query})
    values: dict[str, list[str]] = defaultdict(list)
    tried: dict[str, list[str]] = defaultdict(list)
    several: set[str] = set()
    for sample in samples:
        counted = Counter(name for name, _ in sample.query)
        several |= {name for name, count in counted.items() if count > 1}
        for name, value in sample.query:
            tried[name].append(value)
            if sample.succeeded:
                values[name].append(value)
    found = []
    for name in tried:
        if security.is_key(name) or not _is_text(name):
            continue
        schema = _schema(name, values.get(name) or tried[name])
        if name in several:
            schema = {"type": "array", "items": schema}
        required = len(done) >= _ENOUGH and always[name] == len(done)
        found.append(_parameter(name, "query", schema, required=required))
    return found


def header_parameters(samples: Sequence[Sample]) -> list[Data]:
    """Return the header parameters, without those that HTTP clients set by themselves."""
    done = [sample for sample in samples if sample.succeeded] or list(samples)
    counted = {id(sample) for sample in done}
    values: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    sent: Counter[str] = Counter()
    for sample in samples:
        own = {name.lower(): (name, value) for name, value in sample.captured.headers}
        for lower, (name, value) in own.items():
            if _is_noise(name):
                continue
            names.setdefault(lower, name)
            values[lower].append(value)
            sent[lower] += id(sample) in counted
    found = []
    for lower in sorted(names):
        always = len(done) >= _ENOUGH and sent[lower] == len(done)
        schema = _schema(lower, values[lower])
        # Clients get the token from a cookie or a page.
        required = always and not is_csrf(lower)
        found.append(_parameter(names[lower], "header", schema, required=required))
    return found


def single_valued(template: Sequence[str], samples: Sequence[Sample]) -> list[str]:
    """Return the path and query parameters that have the same value in all requests."""
    seen: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        for at, part in enumerate(template):
            if is_parameter(part):
                seen[part[1:-1]].add(sample.segments[at])
        for name, value in sample.query:
            seen[name].add(value)
    return [name for name, values in seen.items() if len(values) == 1 and _is_text(name)]


def _parameter(name: str, place: str, schema: Data, *, required: bool) -> Data:
    return {"name": name, "in": place, **({"required": True} if required else {}), "schema": schema}


def _schema(name: str, texts: Sequence[str]) -> Data:
    schema = text_schema(texts)
    values = enumerated(name, Counter(texts)) if schema == {"type": "string"} else []
    return {**schema, "enum": values} if values else schema


def _is_noise(name: str) -> bool:
    return (
        not _NAME.fullmatch(name)
        or _NOISE.fullmatch(name) is not None
        or (is_secret_header(name) and not is_csrf(name))
        or name.lower() == "cookie"
    )


def _is_text(name: str) -> bool:
    """Whether a parameter name is printable, and so can be documented and sent."""
    return bool(name) and "\ufffd" not in name and name.isprintable()
