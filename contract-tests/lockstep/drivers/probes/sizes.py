"""Probes with bodies as large as a description allows, and one byte larger.

Schemas bound texts and lists; that a file may have 256 KiB is said in prose alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat
from lockstep.drivers.probes.members import BOUND, OUTSIDE
from lockstep.drivers.probes.trial import Probe, Trial
from lockstep.drivers.walk.forms import is_file
from lockstep.drivers.walk.media import Media
from lockstep.openapi.document import Document
from lockstep.openapi.prose import sizes_in

_BODY = "the body"
# Maximum number of sizes that are tried with one operation.
_MOST_SIZES = 2
_FILLER = "x"


def size_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for the sizes that the descriptions of an operation's body state."""
    media = trial.media
    if media is None:
        return
    document = trial.maker.client.document
    what = _file(document, media)
    for size in islice(dict.fromkeys(_stated(trial, media, what)), _MOST_SIZES):
        for number, rank, how in ((size, BOUND, "as large as"), (size + 1, OUTSIDE, "larger than")):
            send = partial(_sent, trial, media, what, number)
            yield Probe(rank, f"{what or _BODY} is {how} described", send)


def _stated(trial: Trial, media: Media, what: str) -> Iterator[int]:
    """Yield the sizes in the descriptions of an operation, its body and the file in it."""
    document, definition = trial.maker.client.document, trial.operation.definition
    body = document.resolve(definition.get("requestBody", {}))
    refusal = document.resolve(definition.get("responses", {}).get("413", {}))
    schema = flat(document, media.schema)
    member = flat(document, schema.get("properties", {}).get(what, {}))
    for node in (member, schema, body, definition, refusal):
        yield from sizes_in(str(node.get("description", "")))


def _file(document: Document, media: Media) -> str:
    """Return the first member of a form that is a file; empty if the body has none."""
    properties = flat(document, media.schema).get("properties") if media.kind == "multipart" else {}
    for name, declared in properties.items() if isinstance(properties, Mapping) else ():
        if is_file(flat(document, declared)):
            return str(name)
    return ""


def _sent(trial: Trial, media: Media, what: str, size: int) -> object:
    """Send a body, or a file in a form, of a size; white space is added to JSON."""
    values = trial.values()
    if what:
        return trial.send(trial.request({**_members(trial), what: _FILLER * size}, values))
    if media.kind in ("text", "binary"):
        return trial.send(trial.request(_FILLER.encode() * size, values))
    request = trial.request(values=values)
    if media.kind != "json" or request.body is None or len(request.body) > size:
        return None
    return trial.send(replace(request, body=request.body.ljust(size)))


def _members(trial: Trial) -> Mapping[str, Any]:
    template = trial.template()
    return template if isinstance(template, Mapping) else {}
