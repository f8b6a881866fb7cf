"""Changes of the base paths of servers.

Hosts are ignored: the two documents may describe an old server and the one that replaces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any
from urllib.parse import urlsplit

from lockstep.diff.changes import Change, Effect
from lockstep.diff.nodes import Node

_VARIABLE = re.compile(r"\{([^}]+)\}")
# The maximum number of URLs for one server: the values of variables multiply.
_MAX_URLS = 100


def server_changes(old: Node, new: Node, pointer: str = "/servers") -> Iterator[Change]:
    """Compare the servers of two places, regardless of their order.

    Removing a base path is breaking.
    """
    before, after = base_paths(old), base_paths(new)
    gone = [path for path in before if path not in after]
    added = [path for path in after if path not in before]
    if gone:
        sentence = f"the base path {_named(gone)} of the servers was removed, now {_named(after)}"
        yield Change(Effect.BREAKING, "base-path-changed", sentence, pointer)
    elif added:
        sentence = f"the base path {_named(added)} of the servers was added"
        yield Change(Effect.COMPATIBLE, "base-path-new", sentence, pointer)
    listed_before, listed_after = _listed(old), _listed(new)
    if before == after and listed_before and listed_after and listed_before != listed_after:
        sentence = "the servers or their descriptions changed, but not the base paths"
        yield Change(Effect.SILENT, "words-changed", sentence, pointer)


def base_paths(holder: Node) -> list[str]:
    """Return the sorted paths of all servers, for each possible value of their variables."""
    servers = holder.value.get("servers") or [{"url": "/"}]
    return sorted({urlsplit(url).path.rstrip("/") for one in servers for url in _urls(one)})


def _named(paths: list[str]) -> str:
    return ", ".join(path or "/" for path in paths)


def _listed(holder: Node) -> list[str]:
    return sorted(
        f"{_urls(server)} {server.get('description')}"
        for server in holder.value.get("servers") or []
    )


def _urls(server: Mapping[str, Any]) -> list[str]:
    """Return the URLs for all values of a server's variables; unknown variables are kept."""
    parts = _VARIABLE.split(str(server.get("url", "")))
    variables = server.get("variables") or {}
    choices = [
        _values(variables.get(part), part) if index % 2 else [part]
        for index, part in enumerate(parts)
    ]
    return sorted(_plain("".join(chosen)) for chosen in islice(product(*choices), _MAX_URLS))


def _values(variable: Mapping[str, Any] | None, name: str) -> list[str]:
    if variable is None:
        return [f"{{{name}}}"]
    listed = variable.get("enum") or [variable.get("default", f"{{{name}}}")]
    return [str(value) for value in listed]


def _plain(url: str) -> str:
    """Return the URL with lower-cased scheme and host (RFC 3986, 6.2.2.1), without trailing `/`."""
    parts = urlsplit(url)
    plain = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())
    return plain.geturl().rstrip("/")
