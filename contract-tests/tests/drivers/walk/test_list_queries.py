"""Lists are asked by what is in them, by examples of parameters, and in the orders they know."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from fixtures.scripted import answer, exchanger, plain_document

from lockstep.drivers.walk.bodies import without_blamed
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.items import Item
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.parameters import Declared, declared
from lockstep.drivers.walk.queries import queries
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

CARD = {"number": 3, "title": "Write it down", "due": "2026-03-01", "rank": 2, "tags": ["a"]}
TEXT = {"type": "string"}


def asked(parameter: Declared) -> list[str]:
    """The values of a parameter that are tried alone."""
    items = [Item("card", "alice", CARD, {})]
    return [query[parameter.name] for query in queries([parameter], items) if query]


def test_an_order_is_tried_both_ways_by_each_member_in_its_description() -> None:
    description = "Keys in order of weight: number, due; each descending with a minus sign."
    sort = Declared("sort", "query", False, TEXT, ("-rank,due",), description)
    assert asked(sort) == ["-rank,due", "-number", "number", "-due", "due"]


def test_an_order_without_a_description_is_tried_by_all_single_members() -> None:
    found = asked(Declared("orderBy", "query", False, TEXT))
    assert found[:4] == ["-number", "number", "-title", "title"]
    assert not {"tags", "-tags"} & set(found)


def test_a_list_of_choices_is_tried_with_one_and_with_several() -> None:
    status = {
        "name": "status",
        "in": "query",
        "explode": False,
        "schema": {"type": "array", "items": {"enum": ["open", "doing", "done"]}},
    }
    paths = {"/cards": {"get": {"operationId": "listCards", "parameters": [status]}}}
    document = Document(plain_document(**paths))
    (parameter,) = declared(document, document.operations["listCards"])
    assert asked(parameter) == ["done", "open,doing", "open", "doing"]


def test_a_day_is_that_of_the_member_that_is_called_like_the_parameter() -> None:
    card = {"started": "2026-01-01", "dueDate": "2026-03-01"}
    before = Declared("dueBefore", "query", False, {"type": "string", "format": "date"})
    found = [each["dueBefore"] for each in queries([before], [Item("card", "", card, {})]) if each]
    assert found == ["2026-03-01", "2026-03-02", "2026-02-28"]


def test_two_filters_are_combined_with_values_of_the_same_item() -> None:
    status = Declared("status", "query", False, {"enum": ["open", "done"]})
    owner = Declared("owner_id", "query", False, {"type": "integer"})
    since = Declared("from", "query", False, {"type": "string", "format": "date"})
    limit = Declared("limit", "query", False, {"type": "integer"})
    done = {"id": 1, "status": "done", "owner_id": 7, "starts_at": "2026-03-01T09:00:00Z"}
    parameters = [status, owner, since, limit]
    items = [Item("card", "", {"id": 2}, {}), Item("card", "", done, {})]

    pairs = [each for each in queries(parameters, items) if len(each) == 2 and "limit" not in each]

    assert {"status": "done", "owner_id": "7"} in pairs
    assert {"status": "done", "from": "2026-03-01"} in pairs
    assert {"owner_id": "7", "from": "2026-03-01"} in pairs


def test_each_of_many_filters_is_combined_with_another() -> None:
    names = "abcdefg"
    filters = [Declared(name, "query", False, TEXT) for name in names]
    items = [Item("card", "", {name: f"{name}{number}" for name in names}, {}) for number in (1, 2)]

    found = [frozenset(each) for each in queries(filters, items) if len(each) == 2]

    assert {frozenset(pair) for pair in pairwise(names)} <= set(found)


def test_two_filters_are_combined_so_that_an_item_passes_one_of_them_only() -> None:
    words = Declared("q", "query", False, TEXT)
    language = Declared("language", "query", False, {"type": "string", "pattern": "^[a-z]{2}$"})
    lent = Declared("lent", "query", False, {"type": "boolean"})
    items = [
        Item("book", "", {"title": "Momo", "language": "de", "lent": True}, {}),
        Item("book", "", {"title": "Emma", "language": "en", "lent": True}, {}),
    ]
    found = [*queries([words, language, lent], items)]
    assert {"q": "Momo", "language": "en"} in found
    assert {"q": "Momo", "lent": "false"} in found
    (alone,) = {
        each["language"] for each in queries([words, language], items[:1]) if len(each) == 2
    } - {"de"}
    assert len(alone) == 2


def cards(request: Request) -> Outcome:
    """A server of boards and of cards inside of them."""
    if request.method == "POST":
        board = "/cards" not in request.path
        return answer({"id": f"b{request.path.count('x')}"} if board else CARD, 201)
    return answer([CARD])


def test_the_list_in_which_the_most_is_known_to_be_is_read_first_by_what_is_in_it() -> None:
    board = [{"name": "board_id", "in": "path", "required": True}]
    query = {"name": "title", "in": "query", "schema": TEXT}
    creating: dict[str, Any] = {"responses": {"201": {}}}
    paths = {
        "/boards/{board_id}/cards": {
            "parameters": board,
            "get": {"operationId": "listCards", "parameters": [query], "responses": {"200": {}}},
            "post": {"operationId": "createCard", **creating},
        }
    }
    both, (target, _) = exchanger(cards, cards, paths=paths)
    client = Client(both, None, lambda *_: None)
    for name, number in (("full", 1), ("empty", 0)):
        client.known.items.append(Item("board", "", {"id": name}, {}))
        values = {"board_id": name}
        client.known.items += [Item("card", "", CARD, values) for _ in range(number)]
    Reader(Maker(client)).read(client.document.operations["listCards"])
    sent = [request.path for request in target.sent]
    assert sent[0] == "/boards/full/cards"
    assert "/boards/full/cards?title=Write+it+down" in sent
    assert len([path for path in sent if path.startswith("/boards/empty/cards?")]) <= 4


def test_what_a_refusal_names_is_left_out_unless_it_is_required() -> None:
    document = Document(plain_document())
    schema = {"type": "object", "required": ["title"]}
    value = {"title": "x", "labels": ["y"], "due": "z"}
    refusal = '{"errors": [{"pointer": "/title"}, {"pointer": "/labels"}]}'
    assert without_blamed(document, schema, value, refusal) == {"title": "x", "due": "z"}


def test_an_order_is_asked_for_with_a_large_page_as_ties_may_be_far_down() -> None:
    sort = Declared("sort", "query", False, {"type": "string", "enum": ["name", "-name"]})
    found = [each for each in queries([sort], [], {"per_page": "50"}) if each]
    assert found == [{"per_page": "50", "sort": "name"}, {"per_page": "50", "sort": "-name"}]


def test_a_text_with_accents_is_asked_for_without_them() -> None:
    items = [Item("city", "", {"name": "São Paulo"}, {})]
    found = [each["q"] for each in queries([Declared("q", "query", False, TEXT)], items) if each]
    assert "Sao Paulo" in found


def test_boxes_have_places_on_their_edges_and_may_cross_the_180th_meridian() -> None:
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
    box = Declared("bbox", "query", False, numbers)
    places: list[dict[str, Any]] = [
        {"lat": -36.8, "lon": 174.7},
        {"lat": -13.8, "lon": -171.7},
        {"lat": "x"},
    ]
    items = [Item("place", "", each, {}) for each in places]
    found = [each["bbox"] for each in queries([box], items) if each]
    assert found == ["-171.7,-36.8,174.7,-13.8", "174.7,-36.8,-171.7,-13.8"]


def catalogue(request: Request) -> Outcome:
    """A server of 30 cards, as JSON and as CSV, each with its own entity tag."""
    headers = {"ETag": f'"{len(request.path)}"', "X-Total-Count": "30"}
    return answer([CARD] * 2, headers=headers)


def read_of_a_catalogue() -> list[Request]:
    """What is sent to read a list that is offered in two media types."""
    size = {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 20}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    kind = {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}}
    ok = {"description": "ok", "content": {"application/json": {}, "text/csv": {}}}
    get = {"operationId": "list", "parameters": [size, page, kind], "responses": {"200": ok}}
    both, (target, _) = exchanger(catalogue, catalogue, paths={"/catalogue": {"get": get}})
    client = Client(both, None, lambda *_: None)
    Reader(Maker(client)).read(client.document.operations["list"])
    return target.sent


def test_a_list_is_read_as_a_whole_in_each_media_type() -> None:
    sent = read_of_a_catalogue()
    csv = [each.path for each in sent if each.header("Accept") == "text/csv"]
    assert {"/catalogue?size=20&page=1", "/catalogue?size=20&page=2"} <= {*csv}
    assert "/catalogue?size=15&page=2" in [each.path for each in sent]


def test_the_tag_of_one_representation_is_sent_for_another() -> None:
    tagged = [each for each in read_of_a_catalogue() if each.header("If-None-Match") == '"10"']
    assert "/catalogue?kind=b" in [each.path for each in tagged]
    assert "text/csv" in [each.header("Accept") for each in tagged]


def test_members_of_a_deep_object_are_parameters_and_lists_have_their_separator() -> None:
    bounds = {
        "type": "object",
        "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}},
    }
    kinds = {"type": "array", "items": {"enum": ["a", "b", "c"]}}
    parameters = [
        {
            "name": "filter",
            "in": "query",
            "style": "deepObject",
            "schema": bounds,
            "example": {"min": 3},
        },
        {
            "name": "kind",
            "in": "query",
            "style": "pipeDelimited",
            "explode": False,
            "schema": kinds,
        },
        {"name": "tag", "in": "query", "schema": kinds},
    ]
    paths = {"/x": {"get": {"operationId": "listX", "parameters": parameters}}}
    document = Document(plain_document(**paths))
    found = {each.name: each for each in declared(document, document.operations["listX"])}
    assert [*found] == ["filter[min]", "filter[max]", "kind", "tag"]
    assert found["filter[min]"].examples == (3,)
    assert not found["filter[min]"].required
    assert found["kind"].text(["a", "b"]) == "a|b"
    assert found["tag"].text(["a", "b"]) == "a"
