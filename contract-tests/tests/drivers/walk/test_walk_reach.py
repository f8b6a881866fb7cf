"""The walk sends all media types, refers to what it put, and detects a consuming GET."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from fixtures.files_server import DOCUMENT, make_files
from fixtures.flask_servers import pair

from lockstep.bodies.multipart import parse_parts
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.media import Media, content, encoded, media_types
from lockstep.drivers.walk.parameters import declared, plain_value
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.drivers.walk.values import in_future, later, unknown_value
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request


def walked(*faults: str) -> tuple[Run, list[Request]]:
    """Return a walk over two file servers, and the requests that it sent."""
    sent: list[Request] = []
    with pair(make_files, *faults) as targets:
        run = Run(Settings(DOCUMENT, require_coverage=False))
        with run.stage("walk", targets), run.lane("walk", targets) as (exchanger, actors):
            exchanger.listeners.append(lambda exchange, _: sent.append(exchange.request))
            walk(exchanger, actors, lambda *_: None)
    return run, sent


@pytest.fixture(scope="module")
def sound() -> tuple[Run, list[Request]]:
    """A walk over two equal servers."""
    return walked()


@pytest.fixture(scope="module")
def document() -> Document:
    """The document of the file servers."""
    return Document.load(DOCUMENT)


def statuses(run: Run, operation: str) -> set[int]:
    return set(run.ledger.coverage.operations[operation].statuses["old"])


def test_required_headers_are_sent(sound: tuple[Run, list[Request]]) -> None:
    run, sent = sound
    assert statuses(run, "list-files") == {200}
    about_files = [request for request in sent if request.path.startswith("/files")]
    assert {request.header("X-Tenant") for request in about_files} == {"acme"}


def test_a_resource_named_by_the_client_is_read_and_overwritten(
    sound: tuple[Run, list[Request]],
) -> None:
    run, _ = sound
    assert statuses(run, "store-file") == {201, 204}
    assert 200 in statuses(run, "read-file")
    assert run.finish().findings == []


def test_every_media_type_is_sent(sound: tuple[Run, list[Request]]) -> None:
    run, sent = sound
    types = {request.header("Content-Type") for request in sent if request.method == "PUT"}
    assert types == {"text/plain", "application/x-frames"}
    assert statuses(run, "add-picture") == {201}


def test_an_optional_header_that_a_creation_needs_is_found(
    sound: tuple[Run, list[Request]],
) -> None:
    run, sent = sound
    assert statuses(run, "add-ticket") == {400, 201}
    rows = [request.header("X-Row") for request in sent if request.path == "/tickets"]
    # Once without it, and from then on always with it.
    assert rows[:2].count(None) >= 1
    assert set(rows[3:]) == {"5"}


def test_a_head_request_is_sent_once_for_each_readable_path(
    sound: tuple[Run, list[Request]],
) -> None:
    heads = [request.path for request in sound[1] if request.method == "HEAD"]
    assert "/files" in heads
    assert len(heads) == len(set(heads)) == 2


def test_a_get_that_consumes_its_resource_is_not_repeated(
    sound: tuple[Run, list[Request]],
) -> None:
    run, sent = sound
    assert run.ledger.unrepeatable == {"tear-off", "remove-ticket"}
    asked = [request.path for request in sent if request.path.endswith("/stub")]
    assert len(asked) == 1


def test_a_get_whose_name_suggests_a_change_is_sent_once_and_last(
    sound: tuple[Run, list[Request]],
) -> None:
    run, sent = sound
    assert statuses(run, "remove-ticket") == {200}
    assert sent[-1].path.endswith("/remove")


def test_a_difference_in_an_unrepeatable_request_is_not_noise() -> None:
    run, _ = walked("moody")
    (finding,) = run.finish().findings
    assert (finding.operation, finding.where) == ("tear-off", "body /seat")


@pytest.mark.parametrize(
    ("method", "path", "changes"),
    [
        ("GET", "/items/{id}/delete", True),
        ("GET", "/logout", True),
        ("GET", "/sign-out", True),
        ("GET", "/deletedItems", False),
        ("GET", "/items/{id}", False),
        ("POST", "/logout", False),
    ],
)
def test_a_get_may_have_a_name_that_suggests_a_change(
    method: str, path: str, changes: bool
) -> None:
    item: dict[str, object] = {method.lower(): {"responses": {}}}
    about = {"title": "", "version": ""}
    read = Document({"openapi": "3.1.0", "info": about, "paths": {path: item}})
    (operation,) = read.operations.values()
    assert changes_state(operation) is changes


def test_parameters_have_the_same_valid_value_each_time(document: Document) -> None:
    found = {each.name: each for each in declared(document, document.operations["read-file"])}
    assert {name: plain_value(document, each) for name, each in found.items()} == {
        "X-Tenant": "acme",
        "file": "lockstep",
    }
    assert found["file"].required


def test_parts_are_written_with_a_name_for_files(document: Document) -> None:
    (media,) = media_types(document, document.operations["add-picture"])
    data, media_type = encoded(document, media, {"title": "a", "file": "b"})
    assert media_type.startswith("multipart/form-data; boundary=")
    assert b'name="title"\r\n\r\na\r\n' in data
    assert b'name="file"; filename="lockstep.txt"\r\nContent-Type: application/octet-stream' in data


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("form", {"a": [1, True], "b": None, "c": "é"}, b"a=1&a=true&c=%C3%A9"),
        ("json", {"a": "é"}, '{"a": "é"}'.encode()),
        ("text", "é", "é".encode()),
        ("binary", b"\xff", b"\xff"),
        ("json", b"{", b"{"),
    ],
)
def test_contents_are_encoded_as_bytes(
    document: Document, kind: str, value: object, written: bytes
) -> None:
    assert encoded(document, Media("x/y", kind), value) == (written, "x/y")


ORDER = {
    "type": "object",
    "xml": {"name": "order"},
    "properties": {
        "id": {"type": "integer", "xml": {"attribute": True}},
        "lines": {
            "type": "array",
            "xml": {"wrapped": True},
            "items": {"type": "string", "xml": {"name": "line"}},
        },
        "note": {"type": "string"},
    },
}


def test_xml_has_the_names_and_attributes_of_its_schema() -> None:
    document = Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "Orders", "version": "1"},
            "paths": {
                "/orders": {
                    "post": {
                        "requestBody": {
                            "content": {
                                "text/xml": {"schema": {"$ref": "#/components/schemas/Order"}},
                                "application/json": {},
                            }
                        },
                        "responses": {"201": {"description": "Made."}},
                    }
                }
            },
            "components": {"schemas": {"Order": ORDER}},
        }
    )
    json_, xml = media_types(document, document.operations["POST /orders"])
    assert (json_.kind, xml.kind, xml.has_members) == ("json", "xml", True)
    value = {"id": 7, "lines": ["a", "b"], "note": "é & <x>"}
    assert encoded(document, xml, value) == (
        '<order id="7"><lines><line>a</line><line>b</line></lines>'
        "<note>é &amp; &lt;x&gt;</note></order>".encode(),
        "text/xml",
    )
    assert isinstance(content(document, xml, Style.PLAIN), dict)


DEEP = [("it[a]", "1"), ("it[b]", "x")]


@pytest.mark.parametrize(
    ("encoding", "value", "fields"),
    [
        ({}, ["a", "b"], [("it", "a"), ("it", "b")]),
        ({"style": "form", "explode": False}, ["a", "b"], [("it", "a,b")]),
        ({"explode": False}, ["a", 1], [("it", "a,1")]),
        ({"style": "spaceDelimited"}, ["a", "b"], [("it", "a b")]),
        ({"style": "pipeDelimited", "explode": False}, ["a", "b"], [("it", "a|b")]),
        ({"contentType": "application/json"}, ["a", "b"], [("it", '["a", "b"]')]),
        ({}, {"a": 1}, [("it", '{"a": 1}')]),
        ({"contentType": "application/json"}, {"a": 1}, [("it", '{"a": 1}')]),
        ({"style": "deepObject", "explode": True}, {"a": 1, "b": "x"}, DEEP),
        ({"style": "form"}, {"a": 1, "b": "x"}, [("a", "1"), ("b", "x")]),
        ({"style": "form", "explode": False}, {"a": 1, "b": "x"}, [("it", "a,1,b,x")]),
        ({"style": "form"}, "plain", [("it", "plain")]),
        ({"style": "form"}, None, []),
    ],
)
@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_fields_are_written_in_the_style_of_their_encoding(
    document: Document, kind: str, encoding: dict[str, object], value: object, fields: list[object]
) -> None:
    media = Media("x/y", kind, encoding={"it": encoding})
    data, media_type = encoded(document, media, {"it": value})
    if kind == "form":
        assert parse_qsl(data.decode()) == fields
    elif encoding.get("style") or "explode" in encoding:
        parts = parse_parts(media_type, data)
        assert [(part.name, part.body.decode()) for part in parts] == fields


def test_parts_have_the_media_type_and_the_headers_of_their_encoding(document: Document) -> None:
    code = {"required": True, "schema": {"type": "string"}, "example": "v"}
    encoding = {
        "file": {"contentType": "image/*, text/plain", "headers": {"X-Code": code, "X-May": {}}},
        "meta": {"contentType": "application/xml, application/vnd.x+json"},
        "list": {"contentType": "text/plain"},
    }
    members = {
        "file": {"type": "string", "format": "binary"},
        "coded": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/gif"},
    }
    media = Media("multipart/form-data", "multipart", {"properties": members}, encoding=encoding)
    value = {"file": "a", "meta": {"b": 1}, "list": ["c", "d"], "coded": "e", 'odd "name"': "f"}
    data, media_type = encoded(document, media, value)
    found = [(part.name, part.content_type, part.body) for part in parse_parts(media_type, data)]
    assert found == [
        ("file", "image/png", b"a"),
        ("meta", "application/vnd.x+json", b'{"b": 1}'),
        ("list", "text/plain", b"c"),
        ("list", "text/plain", b"d"),
        ("coded", "image/gif", b"ZQ=="),
        ("odd %22name%22", None, b"f"),
    ]
    assert b"\r\nX-Code: v\r\n" in data
    assert b"X-May" not in data


def test_texts_are_generated_in_every_style(document: Document) -> None:
    text, frames = media_types(document, document.operations["store-file"])
    assert content(document, text, Style.PLAIN) == "hello"
    assert content(document, text, Style.BLANK) != content(document, text, Style.BLANK).strip()
    assert isinstance(content(document, frames, Style.FULL), bytes)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("17", "999999"),
        ("tool_17", "tool_99"),
        ("hello", "hello-unknown"),
        ("hello.txt", "hello-unknown.txt"),
        ("file:///run-3/log_7.json", "file:///run-3/log_9.json"),
        ("0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11", "3f2b8c1e-7d4a-4e6f-9b0a-5c8d1e2f3a4b"),
    ],
)
def test_an_unknown_identifier_has_the_same_format(value: str, other: str) -> None:
    assert unknown_value(value) == other


def test_times_of_later_bodies_do_not_overlap() -> None:
    booking = {"from": "1990-01-31T12:00:00Z", "to": "1990-01-31T12:00:00Z", "day": "1990-01-31"}
    assert later(booking, 2) == {
        "from": "1990-02-02T12:00:00Z",
        "to": "1990-02-02T13:00:00Z",
        "day": "1990-02-02",
    }
    stay = {"arrival": "1990-01-31", "departure": "1990-01-31", "born": "1991-02-29"}
    assert later(stay, 0) == {**stay, "departure": "1990-02-01"}
    first, second = later(stay, 1), later(stay, 2)
    assert first["arrival"] < first["departure"] <= second["arrival"] < second["departure"]
    longer = {"arrival": "2026-05-01", "departure": "2026-05-04"}
    assert later(longer, 1) == {"arrival": "2026-05-05", "departure": "2026-05-08"}
    assert later({"day": "2032-02-29", "end": "9999-12-31"}, 3)["day"] == "2032-02-29"
    assert in_future(booking)["from"] == "2031-01-31T12:00:00Z"
    assert in_future(booking)["day"] == "1990-01-31"
    assert in_future(booking, dates=True)["day"] == "2031-01-31"
