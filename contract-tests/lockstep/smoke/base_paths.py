"""Finds the base path of a server that has none of the documented paths below the given URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lockstep.transport.targets import Target

_SHOWN = 2


def elsewhere_fault(
    target: Target, base_path: str, asked: Sequence[str], answers: Callable[[], bool]
) -> str:
    """Describe how to fix the URL of a target that returned 404 to all requests in `asked`.

    The base path may be missing, given twice, or a different one: each is tried until the callback
    `answers` returns true. The target's URL is restored.
    """
    given = target.base_url
    try:
        for url in dict.fromkeys(_others(target, base_path)):
            if url == given:
                continue
            target.move(url)
            if answers():
                return f"it returns 404 for every documented path, but not below {url}: use {url}"
    finally:
        target.move(given)
    shown = ", ".join(asked[:_SHOWN])
    message = (
        f"it returns 404 for every documented path ({shown}{', …' if len(asked) > _SHOWN else ''})"
    )
    if not base_path and given == target.origin:
        return (
            f"{message}, and the document's `servers` name no base path: if the API has one, such "
            "as /api/v1, add it to the URL; otherwise another server listens there"
        )
    return f"{message}: is the base path of the URL correct, or does another server listen there?"


def _others(target: Target, base_path: str) -> Iterator[str]:
    """Yield other base URLs: with the document's base path, and with shorter paths."""
    given, origin = target.base_url, target.origin
    yield given + base_path
    yield origin + base_path
    path = given.removeprefix(origin)
    while path:
        path = path.rpartition("/")[0]
        yield origin + path
        yield origin + path + base_path
