"""Creates resources as the document's examples do, where others lead nowhere.

The examples of a document belong together: a form with questions, and the answers to these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lockstep.drivers.walk.bodies import with_own_names
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import Media
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange

# How often a creation must succeed with an example: its values may be taken the second time.
_TIMES = 2


@contextmanager
def by_example(maker: Maker, operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Let the bodies in the block be the document's examples, and keep that if it helps.

    Yields those of some operations that are about a resource and have never succeeded; it helps if
    one of them succeeds.
    """
    known = maker.client.known
    never = [each for each in operations if each.name not in known.accepted and "{" in each.path]
    examples = _examples(maker) if never else {}
    before, known.recipes = known.recipes, {**known.recipes, **examples}
    yield never if examples else []
    if not any(each.name in known.accepted for each in never):
        known.recipes = before


def attempt(maker: Maker, operation: Operation) -> None:
    """Send what has never succeeded about a new resource, after what it may need first."""
    client = maker.client
    values = maker.live(operation, client.mine, fresh=True)
    if values is None:
        return

    def again() -> Exchange:
        return client.act(operation, values, client.template(operation, client.mine))

    if operation.method == "POST":
        maker.sought.discard(operation.name)
        done = succeeded(maker.post(operation, values, client.mine))
    else:
        done = succeeded(again())
    if not done:
        named = values, client.template(operation, client.mine)
        maker.needs.find(operation, named, client.mine, again)


def _examples(maker: Maker) -> dict[str, Any]:
    """Return the examples of bodies, by schema.

    Those of what succeeds without are left out, unless they succeed time after time.
    """
    found: dict[str, Any] = {}
    client = maker.client
    for operation in client.document.operations.values():
        media = next(iter(client.media(operation)), None)
        if media is None or not media.has_members or operation.name in client.entrances:
            continue
        example = next((each for each in media.examples if isinstance(each, Mapping)), None)
        if example is None or example == client.known.recipes.get(media.key):
            continue
        is_needed = operation.name not in client.known.accepted
        if is_needed or _is_taken_again(maker, operation, media, example):
            found[media.key] = example
    return found


def _is_taken_again(maker: Maker, operation: Operation, media: Media, example: Any) -> bool:
    """Whether a creation succeeds time after time with an example."""
    client = maker.client
    values = maker.live(operation, client.mine) if operation.method == "POST" else None
    if values is None:
        return False
    own = with_own_names(client.document, media.schema, example)
    with client.setting_up(operation):
        return all(
            succeeded(client.act(operation, values, client.refer(own, operation, client.mine)))
            for _ in range(_TIMES)
        )
