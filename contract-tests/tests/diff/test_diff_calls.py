"""Webhooks and callbacks: the server asks, the client answers, and so breaking is turned round."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.diffs import document, effects

from lockstep.diff import compare

PLACE = "{$request.body#/url}"


def sent(schema: Any = None, answer: Any = None, **operation: Any) -> dict[str, Any]:
    """A path item by which a server sends values to its client, as in a document of its own."""
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
def test_what_the_server_sends_is_judged_as_an_answer(name: str) -> None:
    old, new, expected = CALLS[name]
    hooks = (document() | {"webhooks": {"done": item}} for item in (old, new))
    assert effects(*hooks) == expected
    callbacks = (document(callbacks={"done": {PLACE: item}}) for item in (old, new))
    assert effects(*callbacks) == expected


def test_webhooks_come_and_go() -> None:
    none, one = document(), document() | {"webhooks": {"done": sent()}}
    assert effects(none, one) == {"compatible"}
    assert effects(one, none) == {"breaking"}


def test_callbacks_come_and_go() -> None:
    none, one = document(), document(callbacks={"done": {PLACE: sent()}})
    assert effects(none, one) == {"compatible"}
    assert effects(one, none) == {"breaking"}
    (change,) = compare(one, none)
    assert change.where == ("send", "callback done", "send")


def test_a_callback_that_is_sent_elsewhere_breaks() -> None:
    old = document(callbacks={"done": {PLACE: sent()}})
    new = document(callbacks={"done": {"{$request.query.url}": sent()}})
    assert effects(old, new) == {"breaking", "compatible"}


def test_what_a_callback_is_called_is_not_sent() -> None:
    old = document(callbacks={"done": {PLACE: sent()}})
    new = document(callbacks={"ready": {PLACE: sent()}})
    assert effects(old, new) == set()
    changed = document(callbacks={"ready": {PLACE: sent(LONG)}})
    assert effects(document(callbacks={"done": {PLACE: sent(SHORT)}}), changed) == {"breaking"}
