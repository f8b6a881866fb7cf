"""Webhooks and callbacks: the server is the sender, so the direction of breaking is reversed."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.diffs import document, effects

from lockstep.diff import compare

PLACE = "{$request.body#/url}"


def sent(schema: Any = None, answer: Any = None, **operation: Any) -> dict[str, Any]:
    """A path item of a request that the server sends to its client."""
    item: dict[str, Any] = document(schema, answer, **operation)["paths"]["/x/{id}"]
    return item


HEADER = {"name": "X-Kind", "in": "header", "required": True, "schema": {"type": "string"}}
SHORT, LONG = {"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}
A = {"type": "object", "properties": {"a": {}}}
B = {"type": "object", "properties": {"a": {}, "b": {}}}
ANSWER = {"description": "ok"}
# The path items before and after, and the effects.
CALLS: dict[str, tuple[Any, Any, set[str]]] = {
    "words": (sent(description="a"), sent(description="b"), {"silent"}),
    "words of an answer": (
        sent(responses={"200": {"description": "a"}}),
        sent(responses={"200": {"description": "b"}}),
        {"silent"},
    ),
    "more is sent": (sent(SHORT), sent(LONG), {"breaking"}),
    "less is sent": (sent(LONG), sent(SHORT), {"compatible"}),
    "more is taken": (sent(None, SHORT), sent(None, LONG), {"compatible"}),
    "less is taken": (sent(None, LONG), sent(None, SHORT), {"breaking"}),
    "another member is sent": (sent(A), sent(B), {"compatible"}),
    "another member is demanded": (
        sent(None, A),
        sent(None, B | {"required": ["b"]}),
        {"breaking"},
    ),
    "a body is sent": (sent(), sent(A), {"compatible"}),
    "no body is sent": (sent(A), sent(), {"breaking"}),
    "a header is sent": (sent(), sent(parameters=[HEADER]), {"compatible"}),
    "no header is sent": (sent(parameters=[HEADER]), sent(), {"breaking"}),
    "a header is not always sent": (
        sent(parameters=[HEADER]),
        sent(parameters=[HEADER | {"required": False}]),
        {"breaking"},
    ),
    "another answer is taken": (
        sent(),
        sent(responses={"200": ANSWER, "202": ANSWER}),
        {"compatible"},
    ),
    "an answer is not taken": (
        sent(responses={"200": ANSWER, "202": ANSWER}),
        sent(),
        {"breaking"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_effect_of_webhook_and_callback_changes(name: str) -> None:
    old, new, expected = CALLS[name]
    hooks = (document() | {"webhooks": {"done": item}} for item in (old, new))
    assert effects(*hooks) == expected
    callbacks = (document(callbacks={"done": {PLACE: item}}) for item in (old, new))
    assert effects(*callbacks) == expected


def test_added_and_removed_webhooks() -> None:
    none, one = document(), document() | {"webhooks": {"done": sent()}}
    assert effects(none, one) == {"compatible"}
    assert effects(one, none) == {"breaking"}


def test_added_and_removed_callbacks() -> None:
    none, one = document(), document(callbacks={"done": {PLACE: sent()}})
    assert effects(none, one) == {"compatible"}
    assert effects(one, none) == {"breaking"}
    (change,) = compare(one, none)
    assert change.where == ("send", "callback done", "send")


def test_callback_sent_to_another_url_is_breaking() -> None:
    old = document(callbacks={"done": {PLACE: sent()}})
    new = document(callbacks={"done": {"{$request.query.url}": sent()}})
    assert effects(old, new) == {"breaking", "compatible"}


def test_renamed_callback_is_no_change() -> None:
    old = document(callbacks={"done": {PLACE: sent()}})
    new = document(callbacks={"ready": {PLACE: sent()}})
    assert effects(old, new) == set()
    changed = document(callbacks={"ready": {PLACE: sent(LONG)}})
    assert effects(document(callbacks={"done": {PLACE: sent(SHORT)}}), changed) == {"breaking"}
