"""Invalid and unusual variants of the parameters of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from lockstep.auth.bodies import flat
from lockstep.drivers.probes.members import BOUND, MISSING, ODD, OUTSIDE, RARE, UNKNOWN, WRONG_TYPE
from lockstep.drivers.probes.trial import Probe, Trial
from lockstep.drivers.walk.parameters import Declared, with_query
from lockstep.transport.cookies import sent_cookies, with_cookies

_HUGE = "99999999999999999999"
_LONGEST = 2_000


def parameter_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for each parameter of an operation, and for an undocumented one."""
    client = trial.maker.client
    for parameter in client.parameters(trial.operation):
        name = parameter.name
        if parameter.required and parameter.location != "path":
            yield _probe(trial, MISSING, f"without {name}", parameter, None)
        for rank, reason, text in texts(trial, parameter):
            yield _probe(trial, rank, f"{name} {reason}", parameter, text)
        if parameter.location == "query":
            yield _repeated(trial, parameter)
    if trial.operation.method in ("GET", "HEAD"):
        unknown = Declared("lockstep_unknown", "query", False, {})
        yield _probe(trial, UNKNOWN, "a parameter that is not documented", unknown, "1")


def texts(trial: Trial, parameter: Declared) -> Iterator[tuple[int, str, str]]:
    """Yield (rank, reason, text) for invalid and unusual values of a parameter."""
    schema = parameter.schema
    if parameter.kind == "array":
        schema = flat(trial.maker.client.document, schema.get("items", {}))
    kind = replace(parameter, schema=schema).kind
    if schema.get("enum") or "const" in schema:
        yield OUTSIDE, "is none of its values", "lockstep-none"
    elif kind in ("integer", "number"):
        yield from _numbers(schema, whole=kind == "integer")
    elif kind == "boolean":
        yield WRONG_TYPE, "is a text", "abc"
        yield ODD, "is 1", "1"
        yield RARE, "is True", "True"
    elif kind in ("string", "") and parameter.location != "cookie":
        yield from _strings(schema, parameter.location)
    if parameter.location in ("query", "header"):
        yield ODD, "is empty", ""


def _numbers(schema: Mapping[str, Any], *, whole: bool) -> Iterator[tuple[int, str, str]]:
    yield WRONG_TYPE, "is a text", "abc"
    yield OUTSIDE, "is -1", "-1"
    yield OUTSIDE, "is 0", "0"
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int) and least not in (0, 1):
        yield OUTSIDE, "is too small", str(least - 1)
        yield BOUND, "is as small as allowed", str(least)
    if isinstance(most, int):
        yield OUTSIDE, "is too large", str(most + 1)
        yield BOUND, "is as large as allowed", str(most)
    yield ODD, "is huge", _HUGE
    yield RARE, "begins with a plus", "+1"
    if whole:
        yield ODD, "has a fraction", "1.5"


def _strings(schema: Mapping[str, Any], location: str) -> Iterator[tuple[int, str, str]]:
    longest = schema.get("maxLength", 0)
    if 0 < longest <= _LONGEST:
        yield OUTSIDE, "is too long", "b" * (longest + 1)
    if 1 < schema.get("minLength", 0) <= _LONGEST:
        yield OUTSIDE, "is too short", "b" * (schema["minLength"] - 1)
    if schema.keys() & {"format", "pattern"}:
        yield OUTSIDE, "has not its form", "!none!"
    if location != "header":
        yield ODD, "has NUL in it", "a\0b"
        yield ODD, "is beyond ASCII", "é😀"


def _probe(trial: Trial, rank: int, reason: str, parameter: Declared, text: str | None) -> Probe:
    def send() -> object:
        name = parameter.name
        if parameter.location == "path":
            values = {**trial.values(), name: text or ""}
            return trial.send(trial.request(values=values), values)
        request = trial.request()
        match parameter.location:
            case "query":
                request = with_query(request, name, text)
            case "header":
                bare = request.without_header(name)
                request = bare if text is None else bare.with_header(name, text)
            case "cookie":
                cookies = {k: v for k, v in sent_cookies(request).items() if k != name}
                request = with_cookies(request, cookies | ({name: text} if text else {}))
        return trial.send(request)

    return Probe(rank, reason, send)


def _repeated(trial: Trial, parameter: Declared) -> Probe:
    known = parameter.schema.get("enum") or [1, 2]

    def send() -> object:
        request = with_query(trial.request(), parameter.name, str(known[0]))
        joined = f"{request.path}&{quote(parameter.name)}={quote(str(known[-1]))}"
        return trial.send(replace(request, path=joined))

    return Probe(RARE, f"{parameter.name} twice", send)
