"""Bodies other than JSON are parsed and compared according to their media type."""

from __future__ import annotations

import os
from typing import Any

import pytest
from fixtures.scripted import plain_document

from lockstep.compare.answers import Comparer
from lockstep.matching import Clock, Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.downloads import Whole
from lockstep.transport.messages import Response

HEADERS = {
    "X-Tags": {"schema": {"type": "array", "items": {"type": "string"}}},
    "X-Ids": {"schema": {"type": "array", "items": {"type": "integer"}}},
    "X-Point": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    "X-Colour": {"explode": True, "schema": {"type": "object"}},
    "Allow": {"schema": {"type": "array", "items": {"type": "string"}}},
}
DOCUMENT = Document(
    plain_document(
        **{
            "/tasks/headers": {
                "get": {
                    "operationId": "showHeaders",
                    "responses": {"200": {"description": "ok", "headers": HEADERS}},
                }
            }
        }
    )
)
ANNOTATED = Document(
    {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "paths": {"/n": {"get": {"operationId": "listTasks", "responses": {"200": {}}}}},
        "components": {"schemas": {"Id": {"type": "string", "x-generated": "id"}}},
    }
)
EVENTS = "text/event-stream"


def differences(left: Response, right: Response, document: Document) -> list[Difference]:
    comparer = Comparer(document, SymbolTable(["right"]), Clock(), leader="left")
    operation = document.operations["listTasks"]
    return comparer.compare(operation, left, right, "right")


def of(content_type: str, body: str | bytes, *, cut: bool = False) -> Response:
    data = body if isinstance(body, bytes) else body.encode()
    return Response(200, (("Content-Type", content_type),), data, cut=cut)


def found(
    content_type: str, left: str | bytes, right: str | bytes, cut: str = ""
) -> list[tuple[str, str]]:
    """The kinds and places of the differences between two bodies, with and without annotations.

    `cut` names the bodies that were cut: `left`, `right` or `both`.
    """
    pair = (
        of(content_type, left, cut=cut in ("left", "both")),
        of(content_type, right, cut=cut in ("right", "both")),
    )
    every = [differences(*pair, document) for document in (DOCUMENT, ANNOTATED)]
    assert bool(every[0]) == bool(every[1])
    return [(one.kind, one.where) for one in every[0]]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # Equal content in another notation.
        ("data: a\n\n", "data:a\r\n\r\n", []),
        ("data: a\n\n", "data: a\r\r", []),
        ("data: a\n\n", "\ufeffdata: a\n\n", []),
        ("data: a\n\ndata: b\n\n", ": hello\n\ndata: a\n\n:\n\n: ping\ndata: b\n\n", []),
        ("event: x\ndata: a\n\n", "data: a\nevent: x\n\n", []),
        ("data: a\ndata: b\n\n", "data:a\ndata:b\n\n", []),
        ('data: {"a":1,"b":[2]}\n\n', 'data: {"a": 1, "b": [2]}\n\n', []),
        ('data: {"a":\ndata: 1}\n\n', 'data: {"a": 1}\n\n', []),
        ("data: a\n\nevent: x\n\n", "data: a\n\n", []),
        ("data: a\n\ndata: unfinished", "data: a\n\n", []),
        ("retry: no\ndata: a\n\n", "data: a\n\n", []),
        # Different content.
        ("event: tick\ndata: 1\n\n", "event: tock\ndata: 1\n\n", [("value", "body /*/event")]),
        ("event: tick\ndata: 1\n\n", "data: 1\n\n", [("missing", "body /*/event")]),
        ("data: 1\n\n", "data: 2\n\n", [("value", "body /*/data")]),
        ("data: a\n\n", "data: A\n\n", [("value", "body /*/data")]),
        ("data: a\n\ndata: b\n\n", "data: a\n\n", [("length", "body")]),
        (
            "data: a\ndata: b\n\n",
            "data: a\n\ndata: b\n\n",
            [("length", "body"), ("value", "body /*/data")],
        ),
        ('data: {"name":"a"}\n\n', 'data: {"name":"b"}\n\n', [("value", "body /*/data/name")]),
        ('data: {"name":"a"}\n\n', "data: {}\n\n", [("missing", "body /*/data/name")]),
        ('data: {"n":1}\n\n', 'data: {"n":"1"}\n\n', [("type", "body /*/data/n")]),
        ("data: [DONE]\n\n", "data: \n\n", [("value", "body /*/data")]),
        ("retry: 1000\ndata: a\n\n", "retry: 3000\ndata: a\n\n", [("value", "body /*/retry")]),
        ("data: a\n\nretry: 1000\n\n", "data: a\n\n", [("length", "body")]),
        ("id: 1\ndata: a\n\n", "data: a\n\n", [("missing", "body /*/id")]),
        ("data: a\n\ndata: b\n\n", "data: b\n\ndata: a\n\n", [("value", "body /*/data")]),
        ("data: a\n\n", "", [("length", "body")]),
    ],
)
def test_server_sent_events_are_compared_one_by_one(
    left: str, right: str, expected: list[Any]
) -> None:
    assert found(EVENTS, left, right) == expected


@pytest.mark.parametrize(
    ("left", "right", "cut", "same"),
    [
        ("12", "123", "both", True),
        ("12", "123", "left", True),
        # It ended where the other one continued.
        ("12", "123", "right", False),
        ("12", "123", "", False),
        ("12", "12", "right", True),
        ("", "12", "both", True),
        ("12", "1x3", "both", False),
        ("123", "12", "right", True),
    ],
)
@pytest.mark.parametrize("content_type", [EVENTS, "application/x-ndjson", "application/json-seq"])
def test_cut_stream_is_compared_up_to_the_cut(
    content_type: str, left: str, right: str, cut: str, same: bool
) -> None:
    forms = {EVENTS: "data: {}\n\n", "application/x-ndjson": '"{}"\n'}
    form = forms.get(content_type, '\x1e"{}"\n')
    bodies = ["".join(map(form.format, each)) for each in (left, right)]
    assert (found(content_type, bodies[0], bodies[1], cut) == []) is same


def test_incomplete_item_of_a_cut_stream_is_ignored() -> None:
    assert found(EVENTS, "data: 1\n\nda", "data: 1\n\ndata: 2\n\n", "left") == []
    jsonl = "application/jsonl"
    assert found(jsonl, '{"a":1}\n{"a":', '{"a":1}\n{"a":2}\n', "both") == []
    assert found(jsonl, '{"a":1}\n{"a":2}', '{"a":1}\n{"a":2}\n') == []
    assert found(EVENTS, b"data: 1\n\ndata: \xf0\x9f", "data: 1\n\n", "both") == []


def test_position_of_heartbeats_is_ignored() -> None:
    beat = 'event: ping\ndata: {"at": 1}\n\n'
    one, two = "event: a\ndata: 1\n\n", "event: b\ndata: 2\n\n"
    assert found(EVENTS, one + beat + two, beat + one + two + beat) == []
    assert found(EVENTS, one + two, one + beat + two) == []
    assert found(EVENTS, one + beat + two, one + two + beat.replace("1", "true")) != []
    # Without any other event they are the content of the stream.
    assert found(EVENTS, beat, beat.replace("1", "2")) == [("value", "body /*/data/at")]
    assert found(EVENTS, beat, beat + beat) == [("length", "body")]


def test_ids_in_event_data_are_mapped() -> None:
    left = 'id: 1\ndata: {"id": 5, "owner_id": 7}\n\nid: 2\ndata: {"id": 6, "owner_id": 7}\n\n'
    right = left.replace('"id": 5', '"id": 15').replace('"id": 6', '"id": 16')
    right = right.replace(": 7", ": 17")
    pair = of(EVENTS, left), of(EVENTS, right)
    assert differences(*pair, DOCUMENT) == []
    crossed = of(EVENTS, right.replace('16, "owner_id": 17', '16, "owner_id": 18'))
    assert [one.kind for one in differences(pair[0], crossed, DOCUMENT)] == ["symbol"]
    # The ID of an event is not the ID of a resource.
    same = of(EVENTS, 'id: 1\ndata: {"id": 1}\n\n'), of(EVENTS, 'id: 1\ndata: {"id": 9}\n\n')
    assert differences(*same, DOCUMENT) == []


def test_events_of_a_long_stream_keep_their_own_names() -> None:
    def stream(first: int) -> str:
        events = (f'data: {{"id": {first + n}, "owner_id": {first}}}' for n in range(400))
        return "".join(f"id: {n}\n{event}\n\n" for n, event in enumerate(events))

    assert differences(of(EVENTS, stream(1_000)), of(EVENTS, stream(5_000)), DOCUMENT) == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ('{"a":1}\n{"a":2}\n', '{"a": 1}\r\n\r\n{"a": 2}', []),
        ('{"id":1}\n{"id":2}\n', '{"id":11}\n{"id":12}\n', []),
        ('{"a":1}\n', '{"a":2}\n', [("value", "body /*/a")]),
        ('{"a":1}\n', '{"a":1}\n{"a":1}\n', [("length", "body")]),
        ('{"a":1}\n', '{"a":1\n', [("type", "body /*")]),
        ('{"a":1}', '{"a":1,"b":2}', [("extra", "body /*/b")]),
    ],
)
def test_json_lines_are_compared_line_by_line(left: str, right: str, expected: list[Any]) -> None:
    if '"id"' not in left:
        assert found("application/x-ndjson", left, right) == expected
        assert found("application/jsonl; charset=utf-8", left, right) == expected
    pair = of("application/jsonl", left), of("application/jsonl", right)
    assert [(one.kind, one.where) for one in differences(*pair, DOCUMENT)] == expected


def frame(text: str) -> bytes:
    return f"--f\r\nContent-Type: image/jpeg\r\n\r\n{text}\r\n".encode()


def test_multipart_frames_are_compared_by_digest() -> None:
    kind = "multipart/x-mixed-replace; boundary=f"
    one, two, other = frame("\x00one"), frame("\x00two"), frame("\x00\x00")
    assert found(kind, one + two + b"--f\r\n", one + two + one + b"--f\r\n", "left") == []
    assert found(kind, one + b"--f--", one + b"--f--\r\n") == []
    expected = [("bytes", "body /*/data")]
    assert found(kind, one + two + b"--f--", one + other + b"--f--") == expected


FEED = """<?xml version="1.0"?>
<feed xmlns="urn:a" xmlns:d="urn:d"><entry id="1" d:x="y"><title>a &amp; b</title><empty/></entry>
<entry id="2"><title>c</title></entry></feed>"""


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # Equal content in another notation.
        ("<a/>", "<a></a>", []),
        ('<a x="1" y="2"/>', "<a y='2' x='1'/>", []),
        ("<a><b>1</b></a>", '<?xml version="1.0" encoding="UTF-8"?>\n<a>\n  <b>1</b>\n</a>\n', []),
        ("<a>&lt;&amp;&#65;</a>", "<a><![CDATA[<&]]>A</a>", []),
        ("<a><b>1</b></a>", "<!DOCTYPE a><!-- c --><a><b>1</b><?p i?></a>", []),
        ('<p:a xmlns:p="urn:x"><p:b/></p:a>', '<a xmlns="urn:x"><b/></a>', []),
        ('<a xmlns="urn:x"><b xmlns="urn:x"/></a>', '<q:a xmlns:q="urn:x"><q:b/></q:a>', []),
        (
            '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:s="urn:s" i:type="s:t"/>',
            '<a xmlns:j="http://www.w3.org/2001/XMLSchema-instance" xmlns:z="urn:s" j:type="z:t"/>',
            [],
        ),
        ("<a>é</a>", b'<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>', []),
        (
            FEED,
            FEED.replace("d:x", "e:x").replace("xmlns:d", "xmlns:e").replace("\n", "\r\n  "),
            [],
        ),
        ("<a>\n</a>", "<a/>", []),
        # Different content.
        ("<a><b>1</b></a>", "<a><b>2</b></a>", [("value", "body /a/b")]),
        ("<a><b>1</b><c/></a>", "<a><c/><b>1</b></a>", [("order", "body /a")]),
        ('<a x="1"/>', '<a x="2"/>', [("value", "body /a/@x")]),
        ('<a x="1"/>', "<a/>", [("missing", "body /a/@x")]),
        ("<a><b/></a>", "<a/>", [("missing", "body /a/b")]),
        ("<a/>", "<b/>", [("missing", "body /a"), ("extra", "body /b")]),
        ("<a><b>1</b></a>", "<a><b>1</b><b>2</b></a>", [("length", "body /a/b")]),
        (FEED, FEED.replace("<title>c", "<title>d"), [("value", "body /feed/entry/*/title")]),
        (FEED, FEED.replace("urn:a", "urn:b"), [("value", "body /feed/@xmlns")]),
        (
            FEED,
            FEED.replace("urn:d", "urn:e"),
            [
                ("missing", "body /feed/entry/*/@{urn:d}x"),
                ("extra", "body /feed/entry/*/@{urn:e}x"),
            ],
        ),
        ('<a><b xmlns="urn:x"/></a>', "<a><b/></a>", [("missing", "body /a/b/@xmlns")]),
        ("<a><s> </s></a>", "<a><s/></a>", [("value", "body /a/s")]),
        (
            '<a xml:space="preserve">\n</a>',
            '<a xml:space="preserve"/>',
            [("missing", "body /a/#text")],
        ),
        ("<p>x <b>y</b> z</p>", "<p>x <b>y</b> w</p>", [("value", "body /p/#content/*")]),
        ("<p>x <b>y</b> z</p>", "<p>x <b>w</b> z</p>", [("value", "body /p/#content/*/b")]),
        ('<a u="m">5</a>', '<a u="m">6</a>', [("value", "body /a/#text")]),
        ("<a>A</a>", "<a>a</a>", [("value", "body /a")]),
        # Not well-formed.
        ("<a/>", "<a>", [("type", "body")]),
        ("<a/>", "", [("type", "body")]),
        ("<a/>", '{"a": ""}', [("type", "body")]),
        ("<a/>", '<!DOCTYPE a [<!ENTITY e "x">]><a/>', [("type", "body")]),
        ("<a", "<a", []),
        ("<a", "<b", [("bytes", "body")]),
    ],
)
@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "application/atom+xml"])
def test_xml_is_compared_by_its_infoset(
    content_type: str, left: str, right: str | bytes, expected: list[Any]
) -> None:
    assert found(content_type, left, right) == expected


def test_order_of_xml_elements_is_compared() -> None:
    assert found("text/xml", "<a><b/><c/><b/></a>", "<a><b/><b/><c/></a>") != []
    assert found("text/xml", "<a><b/><c/><b/></a>", "<a> <b/> <c/> <b/> </a>") == []


def test_ids_in_xml_are_mapped() -> None:
    left = "<tasks><task><id>5</id></task><task id='6'><owner><id>7</id></owner></task></tasks>"
    right = left.replace("5", "15").replace("6", "16").replace("7", "17")
    assert differences(of("text/xml", left), of("text/xml", right), DOCUMENT) == []
    twice = "<tasks><task><id>5</id></task><task><id>6</id></task></tasks>"
    same = "<tasks><task><id>8</id></task><task><id>8</id></task></tasks>"
    kinds = [o.kind for o in differences(of("text/xml", twice), of("text/xml", same), DOCUMENT)]
    assert kinds == ["symbol"]


LAUGHS = (
    "<!DOCTYPE a ["
    + "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9)).replace("&e0;", "ha")
    + "]><a>&e9;</a>"
)
EXTERNAL = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
PARAMETER = '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]><a/>'


@pytest.mark.parametrize("text", [LAUGHS, EXTERNAL, PARAMETER, "<a>" * 5_000 + "</a>" * 5_000])
def test_malicious_xml_is_not_parsed(text: str) -> None:
    [difference] = differences(of("text/xml", text), of("text/xml", "<a/>"), DOCUMENT)
    assert (difference.kind, difference.right) == ("type", "XML")
    assert difference.left.startswith("no XML (")
    assert "root:" not in difference.left


def test_external_entity_is_compared_as_written() -> None:
    text = '<!DOCTYPE html PUBLIC "x" "http://127.0.0.1:9/x.dtd"><a>&nbsp;x</a>'
    assert found("text/xml", text, text) == []
    assert found("text/xml", text, text.replace("nbsp", "copy")) == [("value", "body /a")]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a=1&b=2", "b=2&a=1", []),
        ("a=x+y", "a=x%20y", []),
        ("a=%c3%a9", "a=%C3%A9", []),
        ("a=1&a=2", "a=2&a=1", [("order", "body /a")]),
        ("a=1", "a=2", [("value", "body /a")]),
        ("a=1", "a=1&b=", [("extra", "body /b")]),
        ("a=1&a=2", "a=1", [("length", "body /a")]),
    ],
)
def test_forms_are_compared_by_field(left: str, right: str, expected: list[Any]) -> None:
    assert found("application/x-www-form-urlencoded", left, right) == expected


def parts(boundary: str, *several: tuple[str, str | bytes]) -> bytes:
    pieces = [
        f"--{boundary}\r\n{head}\r\n\r\n".encode()
        + (body if isinstance(body, bytes) else body.encode())
        + b"\r\n"
        for head, body in several
    ]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


NAME = 'Content-Disposition: form-data; name="name"'
FILE = 'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: image/png'
DATA = 'Content-Disposition: form-data; name="data"\r\nContent-Type: application/json'


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([(NAME, "x"), (FILE, b"\0\xff")], [(FILE, b"\0\xff"), (NAME, "x")], []),
        ([(NAME, "x")], [(NAME + "\r\nContent-Type: text/plain", "x")], []),
        ([(NAME, "x\r\n--y\r\n")], [(NAME.replace('"name"', "name"), "x\r\n--y\r\n")], []),
        ([(DATA, '{"a":1}')], [(DATA, '{"a": 1}')], []),
        ([(NAME, "")], [(NAME, "")], []),
        ([(NAME, "x")], [(NAME, "y")], [("value", "body /name")]),
        ([(NAME, "x")], [(NAME.replace('"name"', '"nom"'), "x")], None),
        ([(FILE, b"\0\xff")], [(FILE, b"\0\xfe")], [("bytes", "body /file/data")]),
        ([(FILE, b"a")], [(FILE.replace("png", "gif"), b"a")], [("value", "body /file/type")]),
        ([(FILE, b"a")], [(FILE.replace("a.b", "b.b"), b"a")], [("value", "body /file/filename")]),
        ([(DATA, '{"a":1}')], [(DATA, '{"a":2}')], [("value", "body /data/data/a")]),
        ([(NAME, "x"), (NAME, "y")], [(NAME, "x")], [("length", "body /name")]),
        ([(NAME, "\r\n")], [(NAME, "")], [("value", "body /name")]),
    ],
)
def test_multipart_parts_are_compared_by_name(
    ours: list[Any], theirs: list[Any], expected: list[Any] | None
) -> None:
    left = of("multipart/form-data; boundary=one", parts("one", *ours))
    right = of('multipart/form-data;boundary="t w o"; charset=x', parts("t w o", *theirs))
    right = of(right.headers[0][1].replace("; charset=x", ""), right.body)
    found = [(one.kind, one.where) for one in differences(left, right, DOCUMENT)]
    if expected is None:
        assert found == [("missing", "body /name"), ("extra", "body /nom")]
    else:
        assert found == expected


def test_multipart_parts_without_names_are_compared_in_order() -> None:
    text, xml = ("Content-Type: text/plain", "a"), ("Content-Type: text/xml", "<a b='1' c='2'/>")
    other = ("Content-Type: text/xml", "<a c='2' b='1'></a>")
    kind = "multipart/mixed; boundary=x"
    assert found(kind, parts("x", text, xml), parts("x", text, other)) == []
    assert found(kind, parts("x", text, xml), parts("x", xml, text)) != []
    assert found(kind, parts("x", text), parts("x", text)[:-6]) == [("type", "body")]


def test_downloads_are_reported_by_length_and_digest() -> None:
    left, right = os.urandom(3_000), os.urandom(2_999)
    [difference] = differences(
        of("application/octet-stream", left), of("application/octet-stream", right), DOCUMENT
    )
    assert (difference.kind, difference.where) == ("bytes", "body")
    assert difference.left.startswith("3,000 bytes, sha256 ")
    assert difference.right.startswith("2,999 bytes, sha256 ")
    assert found("application/pdf", left, left) == []
    assert found("image/png", left, left[:-1] + b"\0") == [("bytes", "body")]
    # Also with a text media type.
    [difference] = differences(of("text/plain", left), of("text/plain", right), DOCUMENT)
    assert difference.left.startswith("3,000 bytes, sha256 ")


def test_long_download_is_compared_as_a_whole() -> None:
    one = Response(200, (), b"beginning", whole=Whole(9_000_000, "a" * 64))
    same = Response(200, (), b"beginning", whole=Whole(9_000_000, "a" * 64))
    other = Response(200, (), b"beginning", whole=Whole(9_000_000, "b" * 64))
    for document in (DOCUMENT, ANNOTATED):
        assert differences(one, same, document) == []
        [difference] = differences(one, other, document)
        assert difference.right.startswith("9,000,000 bytes, sha256 bbbb")


def test_text_with_a_binary_media_type_is_compared_as_text() -> None:
    left = "2026-05-05T10:00:00Z started\n"
    assert found("application/octet-stream", left, left) == []
    assert found("application/octet-stream", left, left.replace("started", "ended")) != []


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [
        ("X-Tags", "a,b", "a, b", []),
        ("X-Tags", "a,b", "a,c", ["header x-tags *"]),
        ("X-Tags", "a,b", "b,a", ["header x-tags"]),
        ("X-Tags", "a,b", "a", ["header x-tags"]),
        ("X-Ids", "5,6", "15,16", ["header x-ids *"]),
        ("X-Point", "id,5,x,1", "x,1,id,15", []),
        ("X-Point", "id,5,x,1", "id,15,x,2", ["header x-point x"]),
        ("X-Point", "id,5,x,1", "id,15", ["header x-point x"]),
        ("X-Point", "id,5,x,1", "id=5,x=1", ["header x-point"]),
        ("X-Colour", "R=1,G=2", "G=2, R=1", []),
        ("X-Colour", "R=1,G=2", "R=1,G=3", ["header x-colour G"]),
        ("Allow", "GET,POST", "POST, get", []),
        ("X-Tags", "a,b", None, ["header x-tags"]),
    ],
)
def test_structured_headers_are_compared_by_member(
    name: str, left: str, right: str | None, expected: list[str]
) -> None:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock(), leader="left")
    one = Response(200, ((name, left),))
    other = Response(200, ((name, right),) if right is not None else ())
    operation = DOCUMENT.operations["showHeaders"]
    found = comparer.compare(operation, one, other, "right")
    assert [difference.where for difference in found] == expected
    assert {difference.kind for difference in found} <= {"header"}


def test_repeated_header_lines_are_one_list() -> None:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock(), leader="left")
    one = Response(200, (("X-Tags", "a"), ("X-Tags", "b")))
    operation = DOCUMENT.operations["showHeaders"]
    assert comparer.compare(operation, one, Response(200, (("x-tags", "a, b"),)), "right") == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("120", "120", []), ("120", "124", []), ("0", "124", [("header", "header content-length")])],
)
def test_content_length_of_a_head_response_is_compared_with_zero_only(
    left: str, right: str, expected: list[Any]
) -> None:
    one, other = (Response(200, (("Content-Length", each),)) for each in (left, right))
    found = [(each.kind, each.where) for each in differences(one, other, DOCUMENT)]
    assert found == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("text,n\r\na,1\r\n", "text,n\r\nb,1\r\n", [("value", "body /*/text")]),
        ("text,n\r\na,1\r\n", "text\r\na\r\n", [("missing", "body /*/n")]),
        ("text,n\r\na,1\r\n", "text,n\r\n", [("length", "body")]),
        # A comma in a text that is not quoted makes a cell too many.
        ('text,n\r\n"a, b",1\r\n', "text,n\r\na, b,1\r\n", [("type", "body /*")]),
        ('text\r\n"a ""b"""\r\n', 'text\r\n"a "b""\r\n', [("type", "body")]),
        # The same rows, written otherwise.
        ('text,n\r\n"a",1\r\n', "text,n\r\na,1\r\n", [("bytes", "body")]),
        ("text,n\r\na,1\r\n", "text,n\na,1\n", [("bytes", "body")]),
        ("text;n\r\na;1\r\n", "text;n\r\na;2\r\n", [("value", "body /*/n")]),
        ("1,2\r\n3,4\r\n", "1,2\r\n3,5\r\n", [("value", "body /*/*")]),
    ],
)
def test_tables_are_compared_row_by_row_and_as_they_are_written(
    left: str, right: str, expected: list[tuple[str, str]]
) -> None:
    assert found("text/csv; charset=utf-8", left, right) == expected


def test_ids_in_tables_are_paired() -> None:
    left, right = (of("text/csv", f"id,text\r\n{number},a\r\n") for number in (1, 77))
    assert differences(left, right, DOCUMENT) == []
