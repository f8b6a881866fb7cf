"""The walk refers to resources that it created, and changes them in revealing ways."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fixtures.flask_servers import pair
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed

from lockstep.drivers.walk.bodies import Style, body, confused, single_changes, with_own_names
from lockstep.drivers.walk.items import Item, family_of, fill, made, seen
from lockstep.drivers.walk.knowledge import Knowledge
from lockstep.drivers.walk.parameters import Declared, declared
from lockstep.drivers.walk.queries import queries
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Response

TOOL = Item("tool", "alice", {"id": "tool_1", "name": "saw", "owner": {"login": "ann"}}, {})
LOAN = Item("loan", "alice", {"id": "l 1", "count": 3}, {"tool_id": "tool_1"})


@pytest.fixture(scope="module")
def shed() -> Document:
    """The document of the tool shed."""
    return Document.load(SHED)


def test_every_operation_is_sent_and_most_statuses_are_seen() -> None:
    with pair(make_shed) as targets:
        run = Run(Settings(SHED, require_coverage=False))
        run.log_in(targets)
        stage = run.walk(targets)
    statuses = {
        name: set(record.statuses["old"]) for name, record in run.ledger.coverage.operations.items()
    }
    # A HEAD request is sent for each resource with a GET, too.
    heads = {"HEAD /tools", "HEAD /tools/{tool_id}", "HEAD /loans"}
    assert statuses.keys() == run.document.operations.keys() | heads
    assert statuses["change-tool"] >= {200, 400, 404, 412}
    assert statuses["remove-tool"] == {204, 404}
    assert stage.exchanges < 380
    assert run.finish().findings == []


def test_what_is_open_to_all_is_read_by_somebody_too(tmp_path: Path) -> None:
    described = load_yaml(SHED.read_text())
    del described["paths"]["/tools"]["get"]["security"]
    document = tmp_path / "shed.json"
    document.write_text(json.dumps(described))
    actors: list[bool] = []
    with pair(make_shed) as targets:
        run = Run(Settings(document, require_coverage=False))
        run.log_in(targets)
        run.ledger.listeners.append(
            lambda each: (
                actors.append(bool(each.request.actor)) if each.label == "list-tools" else None
            )
        )
        run.walk(targets)
    assert 0 < actors.count(True) < actors.count(False) / 4


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/tools/{tool_id}", {"tool_id": "tool_1"}),
        ("/tools/{id}/loans", {"id": "tool_1"}),
        ("/loans/{loan_id}/return", {"loan_id": "l 1"}),
        ("/tools/{tool_id}/loans/{id}", {"tool_id": "tool_1", "id": "l 1"}),
    ],
)
def test_a_path_is_filled_in_with_created_resources(
    shed: Document, path: str, values: dict[str, str]
) -> None:
    (_, known), *_ = Knowledge(shed, [TOOL, LOAN]).bind(path, "alice")
    assert {name: known[name] for name in values} == values
    assert "{" not in fill(path, known)
    assert " " not in fill(path, known)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_path_names_a_resource_rather_than_a_reference_to_one(
    shed: Document, newest_first: bool
) -> None:
    tool = Item("tool", "alice", {"id": "tool_1"}, {})
    reference = Item("loan", "alice", {"id": "l 2", "tool": "tool_0"}, {})
    items = [tool, reference] if newest_first else [reference, tool]
    (_, known), *_ = Knowledge(shed, items).bind("/tools/{tool}", "alice")
    assert known == {"tool": "tool_1"}


def test_a_path_without_a_known_resource_is_not_filled_in(shed: Document) -> None:
    assert list(Knowledge(shed, [TOOL, LOAN]).bind("/users/{user_id}", "alice")) == []


@pytest.mark.parametrize(
    ("path", "answer", "value"),
    [
        ("/log-size/{log}", '{"files": [{"name": "a.json", "size": 3}], "dir": "x"}', "a.json"),
        ("/logs/{file}", '{"files": [{"name": "a.json"}]}', "a.json"),
        ("/logs/{name}", '["a.json", "b.json"]', "a.json"),
        ("/logs/{log_id}", '{"data": [{"id": 7, "name": "a"}]}', "7"),
        ("/people/{username}", '{"logs": [{"id": 7, "author": {"username": "ann"}}]}', "ann"),
    ],
)
def test_a_path_is_filled_in_with_resources_of_any_response(
    shed: Document, path: str, answer: str, value: str
) -> None:
    items = list(seen("log", Response(200, (), answer.encode()), "alice", {}))
    bound = list(Knowledge(shed, list(reversed(items))).bind(path, "alice"))
    assert list(bound[0][1].values()) == [value]


def test_for_an_action_on_a_user_another_user_comes_first(shed: Document) -> None:
    known = Knowledge(shed)
    known.introduce("alice", {"user": {"username": "ann"}}, ["user"])
    known.introduce("bob", {"username": "ben"}, ["user"])
    of = {
        path: [values["username"] for _, values in known.bind(path, "alice")]
        for path in ("/users/{username}", "/users/{username}/follow")
    }
    assert of["/users/{username}"] == ["ann", "ben"]
    assert of["/users/{username}/follow"] == ["ben", "ann"]


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (Response(201, (), b'{"id": 7}'), "7"),
        (Response(201, (), b'{"note": {"slug": "a-7", "id": 7}}'), "7"),
        (Response(201, (), b'{"data": {"note_id": "x"}, "meta": {}}'), "x"),
        (Response(201, (("Location", "http://h/notes/a%20b/"),)), "a b"),
    ],
)
def test_a_created_resource_is_identified_by_its_response(answer: Response, value: str) -> None:
    item = made("/users/{id}/notes", answer, "alice", {})
    assert item is not None
    assert (item.family, item.value("note_id")) == ("note", value)


def test_a_response_without_an_identifier_yields_no_item() -> None:
    assert made("/notes", Response(202), "alice", {}) is None
    assert family_of("/users/{id}/notes") == "note"


def test_lists_are_requested_at_their_bounds_and_for_existing_values(shed: Document) -> None:
    asked = list(queries(declared(shed, shed.operations["list-tools"]), [LOAN, TOOL]))
    assert asked[0] == {}
    assert {"per_page": "100"} in asked
    assert {"page": "2", "per_page": "1"} in asked
    assert {"q": "saw"} in asked
    tagged = Item("note", "alice", {"id": 1, "tagList": ["red"]}, {})
    assert tagged.member("tag") == "red"
    assert TOOL.member("names") == "saw"
    assert TOOL.member("owner") == "ann"


def test_a_search_is_tried_with_a_text_of_each_member_and_a_filter_with_its_own() -> None:
    text = {"type": "string"}
    parameters = [Declared(name, "query", False, text) for name in ("q", "state")]
    parameters.append(Declared("min_pages", "query", False, {"type": "integer"}))
    shown = {"id": "b-1", "title": "Red Fox", "note": "Blue Sky", "state": "open", "pages": 310}
    book = Item("book", "alice", {**shown, "made_at": "2026-01-01T00:00:00Z"}, {})
    asked = list(queries(parameters, [book]))
    searched = [query["q"] for query in asked if "q" in query]
    assert {"Red Fox", "Blue Sky", "rED fOX", "Blue", "sKY"} <= set(searched)
    assert not {"b-1", "2026-01-01T00:00:00Z"} & set(searched)
    assert {query["state"] for query in asked if [*query] == ["state"]} == {
        "open",
        "OPEN",
        "ope",
        "en",
    }
    assert {"310", "311", "309"} <= {query.get("min_pages") for query in asked}
    # Each parameter has been used once before any has been used often.
    assert {name for query in asked[:4] for name in query} == {"q", "state", "min_pages"}


INSTANT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": {"type": "string", "format": "date-time"}},
        {"schema": INSTANT},
        {"schema": {"type": "string"}, "examples": ("2026-04-01T00:00:00Z",)},
        {"schema": {"type": "string", "example": "2026-04-01T00:00:00+02:00"}},
    ],
)
def test_time_comes_from_a_member_with_a_similar_name(fields: dict[str, Any]) -> None:
    shown = {"title": "Red", "begin": "2026-01-01T00:00:00Z", "due_at": "2026-05-01T00:00:00Z"}
    asked = queries(
        [Declared("due_before", "query", False, **fields)], [Item("task", "alice", shown, {})]
    )
    assert [query for query in asked if query] == [{"due_before": "2026-05-01T00:00:00Z"}]


def test_texts_that_a_schema_rejects_come_last_and_once() -> None:
    code = Declared("code", "query", False, {"type": "string", "pattern": "^[A-Z]{3}$"})
    shown = {"code": "abc", "title": "Red Fox", "note": "Sky"}
    asked = [each["code"] for each in queries([code], [Item("box", "alice", shown, {})]) if each]
    assert asked == ["ABC", "abc"]


def test_each_text_of_a_body_has_a_unique_word(shed: Document) -> None:
    texts = body(shed, {"$ref": "#/components/schemas/NewTool"}, Style.WORDS)
    assert (texts["name"], texts["note"]) == ('Name, "Ünï" 😀', 'Note, "Ünï" 😀')


def test_bodies_go_to_the_limits_of_their_schema(shed: Document) -> None:
    schema = {"$ref": "#/components/schemas/NewTool"}
    assert body(shed, schema, Style.BLANK) == {"name": " "}
    full = body(shed, schema, Style.FULL)
    assert (len(full["name"]), full["price"], full["quantity"]) == (60, 100000, 99)
    odd: dict[str, Any] = body(shed, schema, Style.ODD)
    assert (odd["note"], odd["quantity"]) == (None, 1)
    assert "😀" in odd["name"]


def test_text_with_a_pattern_has_the_style_of_one_without(shed: Document) -> None:
    pattern, word = {"pattern": "^[^\u0000]*$"}, {"type": "string", "pattern": "^[a-z]+$"}
    tags = {"type": "array", "uniqueItems": True, "items": word}
    texts = {"note": {"type": "string", "maxLength": 40, **pattern}, "code": word, "tags": tags}
    schema = {"type": "object", "properties": texts}
    full = body(shed, schema, Style.FULL)
    assert full == {"note": "a" * 40, "code": "a" * 30, "tags": ["a" * 30]}
    own = body(shed, schema, Style.WORDS)
    assert own["note"] == 'Note, "Ünï" 😀'
    assert re.fullmatch("[a-z]+", own["code"])


def test_members_of_other_types_have_the_style_too(shed: Document) -> None:
    state = {"type": "string", "enum": ["new", "open", "done"], "default": "new"}
    price = {"type": "number", "minimum": 1, "maximum": 20}
    labels = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 5}}
    members = {"state": state, "price": price, "labels": labels, "more": {"type": "object"}}
    schema = {"type": "object", "properties": members}
    assert [
        body(shed, schema, style)["state"] for style in (Style.WORDS, Style.ODD, Style.FULL)
    ] == [*("new", "open", "done")]
    own = body(shed, schema, Style.WORDS)
    assert (own["price"], own["labels"], own["more"]) == (
        *(5.25, {"note": "Note,"}),
        {"note": 'Note, "Ünï" 😀'},
    )
    whole = {**price, "multipleOf": 1}
    assert body(shed, whole, Style.WORDS) == 5
    changed = [change["state"] for change in single_changes(shed, schema) if "state" in change]
    assert changed == ["new", "open", "done", "open"]
    fixed = {"type": "object", "additionalProperties": False}
    assert body(shed, fixed, Style.FULL) == {}


@pytest.mark.parametrize(("default", "words", "full"), [(True, True, True), (None, False, True)])
def test_what_has_words_is_in_its_usual_state(
    shed: Document, default: bool | None, words: bool, full: bool
) -> None:
    active = {"type": "boolean"} | ({} if default is None else {"default": default})
    schema = {"type": "object", "properties": {"active": active}}
    states = [body(shed, schema, each)["active"] for each in (Style.WORDS, Style.FULL, Style.ODD)]
    assert states == [words, full, False]


def test_changes_are_made_one_at_a_time(shed: Document) -> None:
    changes = list(single_changes(shed, {"$ref": "#/components/schemas/ToolChange"}))
    assert all(len(change) == 1 for change in changes)
    assert {"note": None} in changes
    nested = {"type": "object", "properties": {"a": {"properties": {"b": {"type": "boolean"}}}}}
    assert list(single_changes(shed, nested)) == [{"a": {"b": True}}, {"a": {"b": False}}]


def test_each_member_is_changed_before_any_is_changed_further(shed: Document) -> None:
    text = {"type": ["string", "null"], "maxLength": 1}
    members = {"at": {"type": "object", "properties": {"x": text, "y": text}}, "note": text}
    changes = list(single_changes(shed, {"type": "object", "properties": members}))
    assert changes == [
        *({"at": {"x": "a"}}, {"at": {"x": None}}, {"note": "a"}, {"note": None}),
        *({"at": {"y": "a"}}, {"at": {"y": None}}),
    ]


def test_one_member_at_a_time_is_of_another_type(shed: Document) -> None:
    schema = {"$ref": "#/components/schemas/NewTool"}
    wrong = [tool["quantity"] for tool in confused(shed, schema)]
    assert wrong == [99, 99, 99, "99"]


def test_values_that_must_be_unique_have_placeholders(shed: Document) -> None:
    schema = {"$ref": "#/components/schemas/NewTool"}
    tool = {"name": "saw", "note": "old", "price": 1}
    own = with_own_names(shed, schema, tool)
    assert own == {"name": "saw ${unique}", "note": "old", "price": 1}
    assert with_own_names(shed, schema, tool, every=True)["note"] == "old ${unique}"
    member = {"$ref": "#/components/schemas/SignUp"}
    # In the format of its pattern; members that are no names keep their values.
    assert with_own_names(shed, member, {"login": "ann"}) == {"login": "${unique}"}
    number = {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[0-9]{7}$"}}}
    assert with_own_names(shed, number, {"sku": "0000000"}) == {"sku": "${digits}"}
    place = {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{7}$"}}}
    assert with_own_names(shed, place, {"zip": "0000000"}) == {"zip": "0000000"}
