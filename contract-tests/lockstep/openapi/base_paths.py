"""Moves operations with servers of their own below one common base path.

Paths and operations may override `servers` (OpenAPI 3.1, 4.8.9.1 and 4.8.10.1). The host is
ignored: every target stands for all hosts of the document. Only the base path matters. If it is not
the same everywhere, the document is rewritten: the common prefix of all base paths becomes the base
path, and the rest moves into the paths. So every reader of the document, and every request, has the
full path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

from lockstep.openapi.structure import methods_of


def base_path_of(servers: Any) -> str:
    """Return the path of the first server URL, with default variables, such as `/api`; or empty."""
    server = servers[0] if isinstance(servers, list) and servers else {}
    if not isinstance(server, Mapping):
        return ""
    url = str(server.get("url", ""))
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
    try:
        path = urlsplit(url).path.strip("/")
    except ValueError:
        return ""
    return f"/{path}" if path else ""


def rebased(raw: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the document with every operation below one base path.

    The second item lists the suffixes, below the common base path, that base URLs of targets may
    end with because they were written for the original document; that of the document's own
    `servers` comes first. It is empty if nothing was changed.
    """
    items = raw.get("paths", {})
    bases = {path: _bases(raw, item) for path, item in items.items()}
    own = base_path_of(raw.get("servers"))
    used = dict.fromkeys(base for several in bases.values() for base in several.values())
    if not used or set(used) == {own}:
        return raw, ()
    if len(used) == 1:
        return {**raw, "servers": [{"url": next(iter(used)) or "/"}]}, ()
    given = [own] if own in used or raw.get("servers") else []
    common = _common([*given, *used])
    paths: dict[str, Any] = {}
    for path, item in items.items():
        for base in dict.fromkeys(bases[path].values()):
            kept = {method for method, where in bases[path].items() if where == base}
            place = paths.setdefault(base.removeprefix(common) + path, {})
            for name, member in _part(item, kept):
                place.setdefault(name, member)
    ends = dict.fromkeys(base.removeprefix(common) for base in [*given, *used])
    changed = {**raw, "servers": [{"url": common or "/"}], "paths": paths}
    return changed, tuple(end for end in ends if end)


def _bases(raw: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, str]:
    """Return the base path of each operation of a path item, by method."""
    outer = item.get("servers") or raw.get("servers")
    return {
        method: base_path_of(definition.get("servers") or outer)
        for method, definition in methods_of(item)
    }


def _part(item: Mapping[str, Any], kept: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the members of a path item without `servers` and with only the `kept` methods."""
    every = {method for method, _ in methods_of(item)}
    for name, member in item.items():
        if name == "additionalOperations" and isinstance(member, Mapping):
            chosen = {method: each for method, each in member.items() if method in kept}
            if chosen:
                yield name, {method: _without(each) for method, each in chosen.items()}
        elif name in kept:
            yield name, _without(member)
        elif name not in every and name != "servers":
            yield name, member


def _without(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {name: member for name, member in definition.items() if name != "servers"}


def _common(paths: Sequence[str]) -> str:
    """Return the longest common prefix of the paths, by segment."""
    columns = zip(*(path.split("/") for path in paths), strict=False)
    return "/".join(column[0] for column in takewhile(lambda one: len(set(one)) == 1, columns))
