"""What names and forms say where a document says nothing."""

from __future__ import annotations

import json

import pytest
from fixtures.scripted import plain_document

from lockstep.inference.forms import (
    digitless_by_chance,
    form_of,
    is_random,
    loosely_alike,
    same_cursor,
    same_form,
)
from lockstep.inference.leaves import leaves, replaced
from lockstep.inference.links import Links
from lockstep.inference.requests import RequestReader
from lockstep.matching.bijection import Bijection
from lockstep.openapi.document import Document
from lockstep.openapi.naming import kind_of, noun, split, thing, words
from lockstep.openapi.resource_types import Role
from lockstep.transport.messages import Request

DOCUMENT = Document(plain_document())
FAMILIES = DOCUMENT.families
UUID = "0b6f7d4e-3c1a-4f5e-9a51-5d0f3a1c2b4d"
OTHER = "7c1e2d3f-aaaa-4bbb-8ccc-1234567890ab"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", "id"),
        ("taskId", "id"),
        ("task_ids", "id"),
        ("userID", "id"),
        ("created_at", "time"),
        ("lastModified", "time"),
        ("access_token", "token"),
        ("next_page_token", "cursor"),
        ("expires_in", "elapsed"),
        ("cursor", "cursor"),
        ("paid", None),
        ("valid", None),
        ("title", None),
        ("status", None),
    ],
)
def test_a_name_promises_a_kind(name: str, expected: str | None) -> None:
    assert kind_of(name) == expected


def test_names_are_read_in_any_style() -> None:
    assert words("X-Request-ID") == ("x", "request", "id")
    assert split("author_id") == ("author", "id")
    assert noun("time_entries") == "timeentry"
    assert [thing(name) for name in ("NewUser", "UserResponse", "Users")] == ["user"] * 3


def test_names_that_the_document_ties_together_are_one_family() -> None:
    assert FAMILIES.role("owner_id", "task") == Role("id", "user.id")
    assert FAMILIES.role("id", "user") == Role("id", "user.id")
    assert FAMILIES.parameter("/users/{id}", "id") == Role("id", "user.id")
    assert FAMILIES.parameter("/tasks/{task_id}/close", "task_id") == Role("id", "task.id")
    assert FAMILIES.parameter("/articles/{slug}", "slug") == Role("key", "article.slug")
    assert FAMILIES.about("/tasks") == FAMILIES.about("/tasks/{task_id}/close") == "task"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (UUID, OTHER, True),
        (UUID, OTHER.upper(), False),
        (UUID, OTHER.replace("-4", "-7", 1), False),
        (UUID, OTHER.replace("-", ""), False),
        ("usr_4b1c6f0a92d3", "usr_9d2c6f0a91aa", True),
        ("usr_4b1c6f0a92d3", "org_9d2c6f0a91aa", False),
        ("usr_4b1c6f0a92d3", "usr_101112131415", True),
        ("17", "4018", True),
        # Base64 for URLs: the `_` of one and the `-` of the other are digits, and no prefixes.
        ("k3_Jw0sYQeR7mZ2pXh9uVbTc", "Zr81QmX0aLwP4sNd7GfYk2Ue", True),
        ("k3_Jw0sYQeR7mZ2pXh9uVbTc", "Zr8-QmX0aLwP4sNd7GfYk2Ue", True),
        ("ab_Jw0sYQeR7mZ2pXh9uVbTc", "Zr81QmX0aLwP4sNd7GfYk2Ue", True),
        ("BHmzMwDqnbkNqljWDzDoLg", "VD8m9oWV-Bu71y9VEBczPg", True),
        ("usr_w0sYQeR7mZ2pXh9uVbTc", "org_QmX0aLwP4sNd7GfYk2Ue", False),
        ("k3_Jw0sYQeR7mZ2pXh9uVbTc", "Zr81QmX0aLwP4sNd7GfYk2Uea", False),
        ("hello", "world", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ", True),
    ],
)
def test_values_made_the_same_way_have_the_same_form(left: str, right: str, same: bool) -> None:
    assert same_form(left, right) is same
    assert same_form(right, left) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("P-1xYiFK", "6MJ87VF7", True),
        ("t-1xYiFK", "6MJ87VF", False),
        ("ab-xYiF12", "6MJ87VF7K", False),
    ],
)
def test_a_letter_before_a_dash_of_a_short_id_may_be_chance(
    left: str, right: str, same: bool
) -> None:
    assert same_form(left, right, named=True) is same
    assert same_form(left, right) is False


@pytest.mark.parametrize(
    ("left", "right", "random"),
    [
        ("_awy_vKXgRsWtGwYNaHlVQ", "WlSM-U8k06cvG6tkp_84kw", True),
        ("WlSM-U8k06cvG6tkp_84kw", "_awy_vKXgRsWtGwYNaHlVQ", True),
        ("rHJNF9_242gSMpM8d4MQFw", "SbbpnNdOcFadeAGpZiRrcw", True),
        ("UserAlreadyExistsError", "DuplicateUserNameError", False),
        ("WlSM-U8k06cvG6tkp_84kw", "WlSM-U8k06cvG6tkp_84k", False),
        ("WlSM-U8k06cvG6tkp_84kw", "useralreadyexistserror", False),
        ("wLsM-U8k06cv", "wLsMaUfklocv", False),
    ],
)
def test_a_long_random_text_may_have_no_digit_if_the_other_has_one(
    left: str, right: str, random: bool
) -> None:
    assert digitless_by_chance(left, right) is random


def test_words_are_not_random() -> None:
    assert not is_random("internationalisation")
    assert not is_random("17")
    assert is_random(UUID)
    assert form_of("hello") is None


def test_tokens_may_vary_a_little_in_length() -> None:
    assert loosely_alike("a1" * 20, "b2" * 20 + "c")
    assert not loosely_alike("a1" * 20, "b2" * 40)
    assert not loosely_alike("0f" * 20, "0z" * 20)


def test_json_is_changed_only_where_it_must_be() -> None:
    text = '{ "a" : [1, {"id": 5}], "b\\u0041": "\\u00e9", "id": 5e0 }'
    assert [leaf.names for leaf in leaves(text)] == [("a",), ("a", "id"), ("bA",), ("id",)]
    changed = replaced(text, lambda leaf: "17" if leaf.token == "5" else leaf.text)
    assert changed == text.replace("5}", "17}")


def known() -> Bijection:
    """Task 5 is task 17 of the partner, user 5 is user 6."""
    symbols = Bijection()
    symbols.learn("task.id", "5", "17", inside=False)
    symbols.learn("user.id", "5", "6", inside=False)
    symbols.learn("id", UUID, OTHER)
    symbols.learn("id", "file:///one/a.json", "file:///two/a.json")
    return symbols


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tasks/5", "/tasks/17"),
        ("/tasks/5/close", "/tasks/17/close"),
        ("/users/5", "/users/6"),
        ("/tasks?owner_id=5&limit=5", "/tasks?owner_id=6&limit=5"),
        ("/nowhere/5", "/nowhere/5"),
        (f"/nowhere/{UUID}", f"/nowhere/{OTHER}"),
        ("/tasks/5/", "/tasks/17/"),
        ("/tasks/5/no-such-path", "/tasks/17/no-such-path"),
        ("/tasks/5/?owner_id=5", "/tasks/17/?owner_id=6"),
        (f"/tasks/5/{UUID}", f"/tasks/17/{OTHER}"),
        ("/tasks/99", "/tasks/99"),
        ("/tasks/17", "/tasks/5"),
        ("/tasks/%35", "/tasks/17"),
        ("/nowhere?q=file%3A%2F%2F%2Fone%2Fa.json", "/nowhere?q=file:%2F%2F%2Ftwo%2Fa.json"),
    ],
)
def test_a_path_is_translated_where_it_names_something(path: str, expected: str) -> None:
    reader = RequestReader(DOCUMENT, FAMILIES)
    assert reader.translate(Request("GET", path), known()).path == expected


def test_a_body_is_translated_by_the_names_of_its_members() -> None:
    body = {"owner_id": 5, "title": "5", "owner": {"id": 5}, "id": 5, "ids": [5], "u": UUID}
    request = Request("POST", "/tasks", body=json.dumps(body).encode())
    translated = RequestReader(DOCUMENT, FAMILIES).translate(request, known())
    assert json.loads(translated.body or b"") == {
        "owner_id": 6,
        "title": "5",
        "owner": {"id": 6},
        "id": 17,
        "ids": [17],
        "u": OTHER,
    }


def test_each_item_of_a_sequence_is_translated() -> None:
    body = b'{"owner_id":5}\n\n{"title":"5"}\r\n{"id":5}'
    request = Request("POST", "/tasks", (("Content-Type", "application/x-ndjson"),), body)
    translated = RequestReader(DOCUMENT, FAMILIES).translate(request, known())
    assert translated.body == b'{"owner_id":6}\n\n{"title":"5"}\r\n{"id":17}'


def test_a_request_names_things_by_family() -> None:
    reader = RequestReader(DOCUMENT, FAMILIES)
    request = Request("PATCH", "/tasks/5", body=b'{"owner_id": 5, "title": "5"}')
    assert reader.names(request) == {"task.id=5", "user.id=5"}


def test_links_are_read_without_the_servers_own_address() -> None:
    links = Links(DOCUMENT, FAMILIES, "http://one.test:81/api")
    text = links.localised("http://one.test:81/api/tasks/5?owner_id=7")
    link = links.read(text)
    assert link is not None
    assert [(named.role.family, named.value) for named in link.named] == [("task.id", "5")]
    assert link.query == "owner_id=7"
    assert links.localised("http://another.test/tasks/5") == "http://another.test/tasks/5"
    assert links.read("/nowhere") is None


def test_cursors_may_carry_ids_of_other_lengths() -> None:
    assert same_cursor("bTk2", "bTUwOTY=")
    assert same_cursor("eyJhZnRlciI6IDd9", "eyJhZnRlciI6IDEyMzR9")
    assert not same_cursor("bTk2", "eyJhZnRlciI6IDEyMzR9")
    assert not same_cursor("no base64!", "no base64?")
