"""Comparison without annotations: which values are server-generated is inferred."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fixtures.scripted import answer, plain_document
from hypothesis import given
from hypothesis import strategies as st

from lockstep.compare.answers import Comparer
from lockstep.compare.server_headers import ServerHabits
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request, Response

ARTICLES = {
    "type": "array",
    "items": {"type": "object", "properties": {"slug": {"type": "string"}}},
}
LIST = {"200": {"description": "ok", "content": {"application/json": {"schema": ARTICLES}}}}
DOCUMENT = Document(
    plain_document(**{"/articles": {"get": {"operationId": "listArticles", "responses": LIST}}})
)
NOW = datetime(2026, 5, 5, 10, 0, 0, 123456, tzinfo=UTC)


class Fixed(Clock):
    """The clock of a run in progress at `NOW`."""

    def is_now(self, instant: Any) -> bool:
        return bool(abs(instant.seconds - NOW.timestamp()) < 60)


def comparer(sent: Any = (), left: str = "", right: str = "") -> Comparer:
    """A comparer of two servers with these base paths."""
    urls = {"left": f"http://one.test:1{left}", "right": f"http://two.test:2{right}"}
    return Comparer(DOCUMENT, SymbolTable(["right"]), Fixed(), leader="left", urls=urls, sent=sent)


def found(
    left: Any,
    right: Any,
    chosen: Comparer | None = None,
    *,
    operation: str = "listTasks",
    requests: tuple[Request, Request] | None = None,
) -> list[tuple[str, str]]:
    """The kinds and places of the differences between two responses."""
    pair = [one if isinstance(one, Response) else answer(one) for one in (left, right)]
    differences = (chosen or comparer()).compare(
        DOCUMENT.operations[operation], pair[0], pair[1], "right", requests=requests
    )
    return [(difference.kind, difference.where) for difference in differences]


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def jwt(**claims: Any) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, "c2lnbmF0dXJlLW9mLXNvbWUta2luZA"])


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([{"id": 5}], [{"id": 17}], []),
        ([{"id": 5}], [{"id": "17"}], [("type", "body /*/id")]),
        ([{"count": 5}], [{"count": 17}], [("value", "body /*/count")]),
        ([{"id": 5, "n": 1}], [{"id": 17, "n": 1.0}], [("value", "body /*/n")]),
        ([{"id": 5}, {"id": 6}], [{"id": 17}, {"id": 17}], [("symbol", "body /*/id")]),
        (
            [{"id": 5, "owner": {"id": 5}}, {"id": 6, "owner": {"id": 5}}],
            [{"id": 17, "owner": {"id": 8}}, {"id": 18, "owner": {"id": 9}}],
            [("symbol", "body /*/owner")],
        ),
        ([{"owner_id": 5, "owner": {"id": 5}}], [{"owner_id": 6, "owner": {"id": 6}}], []),
        ([{"a": None}], [{}], [("missing", "body /*/a")]),
        ([{"a": 1, "b": 2}], [{"b": 2, "a": 1}], [("order", "body /*")]),
        ([{"tags": ["a", "b"]}], [{"tags": ["b", "a"]}], [("order", "body /*/tags")]),
        ([{"title": "A"}], [{"title": "a"}], [("value", "body /*/title")]),
        ([{"href": "/tasks/5"}], [{"href": "/tasks/17"}], []),
        (
            [{"href": "http://one.test:1/tasks/5"}],
            [{"href": "http://two.test:2/tasks/17"}],
            [],
        ),
        ([{"href": "/tasks/5"}], [{"href": "/users/17"}], [("value", "body /*/href")]),
        (b'[{"id":5}]', b'[{"id": 17}]', [("bytes", "body")]),
        (b'[{"id":5}]', b'[{"id":17}]\n', [("bytes", "body")]),
        (rb'[{"name":"\u00e9"}]', '[{"name":"é"}]'.encode(), []),
        (rb'[{"name":"\u00e9"}]', '[{"name":"è"}]'.encode(), [("value", "body /*/name")]),
        ([{"id": 5}], [], [("length", "body")]),
    ],
)
def test_bodies_are_compared_by_property_names(left: Any, right: Any, expected: list[Any]) -> None:
    assert found(left, right) == expected


def test_list_of_items_without_ids_that_refer_to_others_keeps_its_order() -> None:
    chosen, (ours, theirs) = comparer(), ([str(uuid.uuid4()) for _ in range(2)] for _ in range(2))
    tasks = [[{"id": name} for name in names] for names in (ours, theirs)]
    lines = [[{"task_id": name, "n": 1} for name in names] for names in (ours, theirs)]
    assert found(tasks[0], tasks[1], chosen) == []
    assert found({"lines": lines[0]}, {"lines": lines[1]}, chosen) == []
    assert found({"lines": lines[0]}, {"lines": lines[1][::-1]}, chosen) == [
        ("order", "body /lines")
    ]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (at(0).isoformat(), at(2).isoformat(), []),
        (at(0).isoformat(), at(9).isoformat(), ["time"]),
        (at(0).isoformat(), at(0).replace(tzinfo=None).isoformat(), ["form"]),
        (at(0).isoformat(), at(0).isoformat().replace("+00:00", "Z"), ["form"]),
        (at(0).isoformat(), at(0).isoformat(timespec="milliseconds"), ["form"]),
        ("2026-05-05T10:00:00.12345Z", "2026-05-05T10:00:00.123456Z", []),
        ("Tue, 05 May 2026 10:00:00 GMT", "Tue, 05 May 2026 10:00:01 GMT", []),
        (1777975200, 1777975202, []),
        (1777975200, 1777975202000, ["form"]),
    ],
)
@pytest.mark.parametrize("name", ["created_at", "seen"])
def test_timestamps_agree_in_format_and_with_the_clock(
    name: str, left: Any, right: Any, expected: list[str]
) -> None:
    assert [kind for kind, _ in found([{name: left}], [{name: right}])] == expected


@pytest.mark.parametrize(
    ("name", "ahead", "apart", "expected"),
    [
        # The end of something valid for a day, and for a quarter of an hour.
        ("until", 86_400, 0.011, []),
        ("until", 900, 0.4, []),
        ("until", 86_400, 6, ["time"]),
        # No number of minutes from now: nothing that a server has made just now.
        ("until", 86_430, 0.011, ["time"]),
        ("until", -86_400, 0.011, ["time"]),
    ],
)
def test_ends_of_a_validity_differ_by_the_time_between_two_requests(
    name: str, ahead: float, apart: float, expected: list[str]
) -> None:
    end = datetime.now(UTC) + timedelta(seconds=ahead)
    left, right = (each.isoformat() for each in (end - timedelta(seconds=apart), end))
    assert [kind for kind, _ in found([{name: left}], [{name: right}])] == expected


def test_end_of_a_validity_is_recognised_later(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, now = comparer(), datetime.now(UTC)
    left, right = ((now + timedelta(days=1, seconds=s)).isoformat() for s in (-0.2, 0))
    assert found([{"until": left}], [{"until": right}], chosen) == []
    monkeypatch.setattr("lockstep.matching.clock.time.time", lambda: now.timestamp() + 30)
    assert found([{"until": left}], [{"until": right}], chosen) == []
    assert found([{"until": left}], [{"until": right}]) == [("time", "body /*/until")]


def test_timestamp_sent_by_the_client_is_returned_unchanged() -> None:
    due, other = at(0).isoformat(), at(1).isoformat()
    body = json.dumps({"due": due}).encode()
    sent = Request("POST", "/tasks", body=body)
    assert found([{"due": due}], [{"due": other}], comparer(sent={due}), requests=(sent, sent)) == [
        ("value", "body /*/due")
    ]


def test_value_sent_by_the_client_is_not_server_generated() -> None:
    text, lower = "Xy12Xy12Xy12Xy12Xy12Xy", "xy12xy12xy12xy12xy12xy"
    assert found([{"note": text}], [{"note": lower}], comparer(sent={text})) == [
        ("value", "body /*/note")
    ]


def test_id_sent_by_the_client_is_not_mapped() -> None:
    chosen = comparer()
    request = Request("POST", "/tasks", body=b'{"owner_id": 9}')
    pair = request, request
    assert found({"owner_id": 9}, {"owner_id": 9}, chosen, requests=pair) == []
    assert found([{"owner_id": 9}], [{"owner_id": 12}], chosen) == []


def test_upper_case_ids_differ_in_form_and_are_still_mapped() -> None:
    chosen, number = comparer(), str(uuid.uuid4())
    other = str(uuid.uuid4()).upper()
    assert found([{"id": number}], [{"id": other}], chosen) == [("form", "body /*/id")]
    assert (
        found(
            answer([], headers={"Location": f"/x/{number}"}),
            answer([], headers={"Location": f"/x/{other}"}),
            chosen,
        )
        == []
    )


def test_equal_ids_of_different_resources_are_found() -> None:
    chosen = comparer()
    assert found([{"id": 5}, {"id": 6}], [{"id": 6}, {"id": 7}], chosen) == []
    assert found({"id": 6}, {"id": 6}, chosen, operation="getTask") == [("symbol", "body")]


def test_list_in_another_order_is_one_difference() -> None:
    chosen = comparer()
    for left, right in ((1, 11), (2, 12), (3, 13)):
        found({"id": left, "title": str(left)}, {"id": right, "title": str(left)}, chosen)
    lists = [[{"id": n, "title": str(n % 10)} for n in m] for m in ((1, 2, 3), (13, 12, 11))]
    assert found(lists[0], lists[1], chosen) == [("order", "body")]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        # Both list the newest item first; each server's clock decides which one that is.
        ((300, 200, 100), (390, 290, 190), []),
        # The other server lists the oldest item first.
        ((300, 200, 100), (190, 290, 390), [("order", "body")]),
        # Neither list is sorted by its timestamps.
        ((300, 100, 200), (390, 190, 290), [("order", "body")]),
    ],
)
def test_lists_sorted_by_their_own_timestamps_are_in_the_same_order(
    ours: tuple[int, ...], theirs: tuple[int, ...], expected: list[tuple[str, str]]
) -> None:
    chosen, epoch = comparer(), 1_767_000_000
    for left, right in ((1, 11), (2, 12), (3, 13)):
        found({"id": left, "title": str(left)}, {"id": right, "title": str(left)}, chosen)
    lists = [
        [{"id": id_, "mtime": epoch + seconds} for id_, seconds in zip(ids, times, strict=True)]
        for ids, times in (((1, 2, 3), ours), ((13, 11, 12), theirs))
    ]
    differing = found(lists[0], lists[1], chosen)
    assert [one for one in differing if one[0] == "order"] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"sub": "5", "iat": 100, "exp": 200}, {"sub": "17", "iat": 101, "exp": 201}, []),
        ({"iat": 100, "exp": 200}, {"iat": 100, "exp": 203}, ["body /*/token claim exp"]),
        ({"role": "user"}, {"role": "admin"}, ["body /*/token claim role"]),
        ({"a": 1}, {}, ["body /*/token claim a"]),
        ({"jti": "x"}, {"jti": "y"}, []),
    ],
)
def test_claims_of_json_web_tokens_are_compared(
    left: dict[str, Any], right: dict[str, Any], expected: list[str]
) -> None:
    differing = found([{"token": jwt(**left)}], [{"token": jwt(**right)}])
    assert [where for _, where in differing] == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"ETag": '"' + "a1" * 16 + '"'}, {"ETag": '"' + "b2" * 16 + '"'}, []),
        ({"ETag": '"' + "a1" * 16 + '"'}, {"ETag": 'W/"' + "b2" * 16 + '"'}, ["header etag"]),
        ({"Location": "/tasks/5"}, {"Location": "/tasks/17"}, []),
        ({"Location": "/tasks/5"}, {}, ["header location"]),
        ({"Allow": "GET, POST"}, {"Allow": "POST, GET"}, []),
        ({"X-Request-ID": str(uuid.uuid4())}, {"X-Request-ID": str(uuid.uuid4())}, []),
        ({"Set-Cookie": "a=1; Path=/; HttpOnly"}, {"Set-Cookie": "a=1; httponly; path=/"}, []),
        ({"Set-Cookie": "a=1; Secure"}, {"Set-Cookie": "a=1"}, ["header set-cookie a secure"]),
        (
            {"Set-Cookie": "a=1"},
            {"Set-Cookie": "b=1"},
            ["header set-cookie a", "header set-cookie b"],
        ),
        (
            {"Set-Cookie": "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
            {"Set-Cookie": "a=; Expires=Thu, 01 Jan 1970 00:00:01 GMT"},
            [],
        ),
        ({"Set-Cookie": 'a=""; Max-Age=0'}, {"Set-Cookie": "a=deleted; Max-Age=0"}, []),
        (
            {"Set-Cookie": "a=; Max-Age=0; Path=/"},
            {"Set-Cookie": "a="},
            ["header set-cookie a path"],
        ),
        ({"Set-Cookie": "a=1; Max-Age=9"}, {"Set-Cookie": "a=1"}, ["header set-cookie a max-age"]),
        ({"Set-Cookie": "a-one-test-1=1"}, {"Set-Cookie": "a-two-test-2=1"}, []),
        (
            {"Set-Cookie": "a1=1"},
            {"Set-Cookie": "a2=1"},
            ["header set-cookie a1", "header set-cookie a2"],
        ),
        ({"X-Runtime": "0.0213"}, {"X-Runtime": "0.5"}, []),
        ({"Cache-Control": "no-store"}, {"Cache-Control": "private"}, ["header cache-control"]),
        ({"Cache-Control": "No-Store, max-age=0"}, {"Cache-Control": "max-age=0,no-store"}, []),
        ({"Cache-Control": "max-age=0"}, {"Cache-Control": "max-age=1"}, ["header cache-control"]),
        ({"Vary": "Accept, Cookie"}, {"Vary": "cookie,accept"}, []),
        ({"Vary": "Accept"}, {"Vary": "Accept, Cookie"}, ["header vary"]),
        ({"Content-Language": "de, en"}, {"Content-Language": "en, de"}, []),
        (
            {"Access-Control-Allow-Methods": "GET,POST"},
            {"Access-Control-Allow-Methods": "POST, GET"},
            [],
        ),
        (
            {"Strict-Transport-Security": "max-age=9; includeSubDomains"},
            {"Strict-Transport-Security": "includeSubdomains;max-age=9"},
            [],
        ),
        (
            {"Link": '</tasks/5>; rel="self", </tasks?page=2>; rel="next"'},
            {"Link": '</tasks?page=2>; rel="next", </tasks/17>; rel="self"'},
            [],
        ),
    ],
)
def test_headers_are_compared_by_their_meaning(
    left: dict[str, str], right: dict[str, str], expected: list[str]
) -> None:
    ours, theirs = answer([], headers=left), answer([], headers=right)
    assert [where for _, where in found(ours, theirs)] == expected


@pytest.mark.parametrize(
    ("bases", "left", "right", "is_same"),
    [
        (("/v1", "/v1"), "/v1/tasks/5", "/v1/tasks/17", True),
        (("/v1", "/v1"), "/v1/tasks/5", "/tasks/17", False),
        (("/v1", "/v1"), "http://one.test:1/v1/tasks/5", "http://two.test:2/tasks/17", False),
        (("/v1", "/api/v2"), "/v1/tasks/5", "/api/v2/tasks/17", True),
        (("/v1", "/api/v2"), "/tasks/5", "/api/v2/tasks/17", False),
        (("", "/v2"), "/tasks/5", "/v2/tasks/17", True),
        (("/v1", "/v1"), "/tasks/5", "/tasks/17", True),
    ],
)
def test_links_are_compared_relative_to_the_base_path(
    bases: tuple[str, str], left: str, right: str, is_same: bool
) -> None:
    ours, theirs = answer([], headers={"Location": left}), answer([], headers={"Location": right})
    expected = [] if is_same else ["header location"]
    assert [where for _, where in found(ours, theirs, comparer((), *bases))] == expected


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("text/html;charset=utf-8", "text/html; charset=UTF-8", True),
        ('text/html; charset="utf-8"', "Text/HTML;charset=utf-8", True),
        ("a/b; x=1; y=2", "a/b;y=2;x=1", True),
        ("text/html; charset=utf-8", "text/html", False),
        ("application/json; charset=utf-8", "application/json", True),
        ("application/problem+json", "application/problem+json; charset=UTF-8", True),
        ("application/json; charset=latin-1", "application/json", False),
        ("text/html; charset=utf-8", "text/plain; charset=utf-8", False),
        ("a/b; x=A", "a/b; x=a", False),
    ],
)
def test_spelling_of_a_media_type_is_ignored(left: str, right: str, same: bool) -> None:
    ours, theirs = (Response(200, (("Content-Type", value),)) for value in (left, right))
    assert found(ours, theirs) == ([] if same else [("header", "header content-type")])


@pytest.mark.parametrize(
    ("status", "expected"), [(204, []), (304, []), (200, [("header", "header content-type")])]
)
def test_media_type_of_no_content_says_nothing(
    status: int, expected: list[tuple[str, str]]
) -> None:
    ours, theirs = Response(status, (("Content-Type", "text/html"),)), Response(status)
    assert found(ours, theirs) == expected


def test_repeated_header_lines_are_one_list() -> None:
    lines = Response(200, (("Vary", "Accept"), ("Vary", "Cookie")))
    line = Response(200, (("Vary", "Cookie, Accept"),))
    assert found(lines, line) == []


def test_items_without_ids_in_another_order_are_one_difference() -> None:
    left = [{"title": "a", "n": 1}, {"title": "b", "n": 2}]
    assert found(left, left[::-1]) == [("order", "body")]


def test_items_that_one_member_tells_apart_are_compared_with_their_own() -> None:
    left = [{"label": "b", "n": 1, "s": 0}, {"label": "a", "n": 2, "s": 0}]
    right = [{"label": "a", "n": 2, "s": 7}, {"label": "b", "n": 1, "s": 7}]
    assert found(left, right) == [("order", "body"), ("value", "body /*/s")]
    assert found(left, right[::-1]) == [("value", "body /*/s")]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"started": at(-900.5).isoformat()}, {"started": at(-70).isoformat()}, []),
        ({"bootTime": int(at(-900).timestamp())}, {"bootTime": int(at(-70).timestamp())}, []),
        # A time zone apart, or during the run, or of a resource.
        ({"start": at(-900.5).isoformat()}, {"start": at(-70).isoformat()}, ["body /start"]),
        ({"started": at(-7200).isoformat()}, {"started": at(-3600).isoformat()}, ["body /started"]),
        ({"started": at(-900).isoformat()}, {"started": at(5).isoformat()}, ["body /started"]),
        ({"created": at(-900).isoformat()}, {"created": at(-70).isoformat()}, ["body /created"]),
    ],
)
def test_when_a_server_was_started_is_its_own(left: Any, right: Any, expected: list[str]) -> None:
    chosen = Comparer(
        DOCUMENT, SymbolTable(["right"]), Fixed(started=NOW.timestamp()), leader="left"
    )
    assert [where for _, where in found(left, right, chosen)] == expected


def test_two_log_ins_may_give_one_token() -> None:
    chosen = comparer()
    first, second = (jwt(sub="5", iat=at, exp=at + 100) for at in (100, 101))
    for left in (first, second):
        assert found({"token": left}, {"token": jwt(sub="5", iat=101, exp=201)}, chosen) == []


def test_html_pages_are_compared_with_ids_and_hosts_translated() -> None:
    chosen = comparer()
    found([{"id": 5}], [{"id": 17}], chosen)
    pages = [
        Response(404, (("Content-Type", "text/html"),), text)
        for text in (b"<p>No task 5 at one.test:1</p>", b"<p>No task 17 at two.test:2</p>")
    ]
    assert found(pages[0], pages[1], chosen) == []
    other = Response(404, pages[0].headers, b"<p>No task 18 at two.test:2</p>")
    assert found(pages[0], other, chosen) == [("bytes", "body")]


def test_the_folder_of_a_server_is_its_own() -> None:
    chosen = comparer()
    ours, theirs = (
        {"message": f"No such file: '{folder}/data/a b.txt', see {folder}/log"}
        for folder in ("/tmp/one", "/srv/api/two")
    )
    assert found(ours, theirs, chosen) == []
    other = {"message": "No such file: '/srv/api/two/data/a c.txt', see /srv/api/two/log"}
    assert found(ours, other, chosen) == [("value", "body /message")]
    elsewhere = {"message": "No such file: '/srv/api/else/data/a b.txt', see /srv/api/else/log"}
    assert found(ours, elsewhere, chosen) == [("value", "body /message")]


def labelled(media_type: str, body: bytes) -> Response:
    return Response(200, (("Content-Type", media_type),), body)


@pytest.mark.parametrize("other", ["text/html; charset=utf-8", "text/plain", "application/json"])
def test_json_is_compared_as_such_however_it_is_labelled(other: str) -> None:
    ours = labelled("text/html; charset=utf-8", b'[{"id": 5, "n": 1}]')
    places = found(ours, labelled(other, b'[{"id":17,"n":2}]'))
    assert [one for one in places if one[1].startswith("body")] == [("value", "body /*/n")]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (b"<a xmlns='u'><n>1</n></a>", b"<a xmlns='u'>\n <n>1</n>\n</a>", []),
        (b"<?xml version='1.0'?><a><n>1</n></a>", b"<a><n>2</n></a>", ["body /a/n"]),
        (b"<html xmlns='u'><p>1</p></html>", b"<a><n>2</n></a>", ["body"]),
    ],
)
def test_xml_is_compared_as_such_however_it_is_labelled(
    ours: bytes, theirs: bytes, expected: list[str]
) -> None:
    places = found(labelled("text/html", ours), labelled("application/xml", theirs))
    assert [where for _, where in places if where.startswith("body")] == expected


def test_closed_connection_is_reported_if_it_happens_twice() -> None:
    chosen, kept = comparer(), answer([])
    closed = Response(200, kept.headers, kept.body, closes=True)
    assert found(kept, closed, chosen) == []
    assert found(kept, closed, chosen) == [("connection", "connection")]


NAMES = st.sampled_from(["title", "note", "n"])
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(0, 9), st.text("abc é", max_size=6), st.just("")
)
THINGS = st.fixed_dictionaries(
    {
        "id": st.integers(1, 1000),
        "uid": st.uuids(version=4).map(str),
        "created_at": st.floats(0, 20).map(lambda s: at(s).isoformat(timespec="microseconds")),
    },
    optional={"title": PLAIN, "note": PLAIN, "n": PLAIN},
)
PAGES = st.lists(THINGS, min_size=1, max_size=4, unique_by=lambda thing: thing["id"])


def renamed(things: list[dict[str, Any]], shift: float) -> list[dict[str, Any]]:
    """The same items with the IDs and timestamps of another server."""
    uids: dict[str, str] = {}
    return [
        {
            key: value + 5000
            if key == "id"
            else uids.setdefault(value, str(uuid.uuid4()))
            if key == "uid"
            else (datetime.fromisoformat(value) + timedelta(seconds=shift)).isoformat(
                timespec="microseconds"
            )
            if key == "created_at"
            else value
            for key, value in thing.items()
        }
        for thing in things
    ]


@given(PAGES, st.floats(-4, 4))
def test_response_equals_itself_with_the_ids_of_another_server(things: Any, shift: float) -> None:
    other = renamed(things, shift)
    assert found(things, other) == []
    assert found(other, things) == []


@given(PAGES, st.data())
def test_single_change_is_found_from_both_sides(things: Any, data: Any) -> None:
    other = renamed(things, 0.5)
    thing = data.draw(st.sampled_from(other))
    name = data.draw(st.sampled_from(sorted(thing)))
    change = data.draw(st.sampled_from(["another", "gone", "new", "type"]))
    match change:
        case "gone":
            del thing[name]
        case "new":
            thing["fresh"] = 1
        case "type":
            thing[name] = [thing[name]]
        case _:
            thing[name] = "\x00 another"
    assert len(found(things, other)) == 1
    assert [where for _, where in found(things, other)] == [
        where for _, where in found(other, things)
    ]


def test_a_random_key_without_a_digit_is_matched_to_one_with_digits() -> None:
    one, other = "WlSM-U8k06cvG6tkp_84kw", "_awy_vKXgRsWtGwYNaHlVQ"
    chosen = comparer()
    assert found({"delete_key": one}, {"delete_key": other}, chosen) == []
    assert found({"delete_key": one}, {"delete_key": other[::-1]}, chosen) != []
    assert found({"error": "UserAlreadyExistsError"}, {"error": "DuplicateUserNameError"}) != []


def test_what_differs_far_down_a_list_is_shown_from_there() -> None:
    names = [f"place-{letter}" for letter in "abcdefghijkl"]
    listed = [{"slug": name, "title": name} for name in names]
    other = [*listed[:10], listed[11], {"slug": "place-x", "title": "place-x"}]
    (first, *_) = comparer().compare(
        DOCUMENT.operations["listArticles"], answer(listed), answer(other), "right"
    )
    assert first.kind == "elements"
    assert first.left == "12 elements, from number 11: place-k, place-l"
    assert first.right == "12 elements, from number 11: place-l, place-x"


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("2.182021415665153e+16", "21820214156651530", True),
        ("21820214156651530", "2.182021415665153E16", True),
        ("1e-05", "0.00001", True),
        ("1e-07", "1e-7", True),
        ("2.182021415665153e+16", "21820214156651532", False),
        ("1e0", "1", False),
        ("1.0", "1", False),
        ("1.5e2", "150", False),
        ("10000000000000000", "10000000000000001", False),
    ],
)
def test_serializers_write_very_large_and_small_numbers_in_their_own_way(
    left: str, right: str, same: bool
) -> None:
    one, other = (answer(f'{{"variance": {text}}}'.encode()) for text in (left, right))
    assert (found(one, other) == []) is same


def test_a_number_that_identifies_may_be_written_so_too() -> None:
    one, other = (answer(f'{{"id": {text}}}'.encode()) for text in ("1e+20", f"1{'0' * 20}"))
    assert found(one, other) == []


@pytest.mark.parametrize(
    ("member", "left", "right", "expected"),
    [
        ("next_cursor", "b2Zmc2V0OjI=", "pg_2", []),
        ("nextPageToken", "b2Zmc2V0OjI=", "pg.2", []),
        ("next_cursor", "p2", "p3", [("value", "body /next_cursor")]),
        ("next_cursor", "2", "pg_2", [("value", "body /next_cursor")]),
        ("next_cursor", "b2Zmc2V0OjI=", "no cursor", [("value", "body /next_cursor")]),
        ("next", "ok", "rejected", [("value", "body /next")]),
        ("next", "approved", "rejected", [("value", "body /next")]),
        ("after", "IN_REVIEW", "PUBLISHED", [("value", "body /after")]),
    ],
)
def test_each_server_may_write_cursors_in_its_own_way(
    member: str, left: str, right: str, expected: list[Any]
) -> None:
    chosen = comparer()
    assert found({member: left}, {member: right}, chosen) == expected
    if not expected:
        ours, theirs = ({"next": f"/tasks?limit=1&{member}={text}"} for text in (left, right))
        assert found(ours, theirs, chosen) == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("Unprocessable Content", "Unprocessable Entity", []),
        ("Request Entity Too Large", "Content Too Large", []),
        ("Unprocessable Content", "Content Too Large", [("value", "body /title")]),
        ("Unprocessable Content", "unprocessable entity", [("value", "body /title")]),
        ("Not Found", "Nothing Found", [("value", "body /title")]),
    ],
)
def test_statuses_have_the_names_of_any_standard(
    left: str, right: str, expected: list[Any]
) -> None:
    assert found({"title": left}, {"title": right}) == expected


@pytest.mark.parametrize(
    ("declared", "left", "right", "expected"),
    [
        ("number", b"12.0", b"12", []),
        ("number", b"1.2e1", b"12.00", []),
        ("number", b"12.5", b"12", [("value", "body /price")]),
        ("number", b"0.0", b"-0.0", [("value", "body /price")]),
        ("number", b"12", b'"12"', [("type", "body /price")]),
        ("integer", b"12.0", b"12", [("value", "body /price")]),
        (["number", "integer"], b"12.0", b"12", [("value", "body /price")]),
        ("", b"12.0", b"12", [("value", "body /price")]),
        (None, b"12.0", b"12", []),
    ],
)
def test_other_software_may_write_whole_numbers_with_a_fraction(
    declared: Any, left: bytes, right: bytes, expected: list[Any]
) -> None:
    price = {"type": declared} if declared else {}
    content = {"schema": {"type": "object", "properties": {"price": price}}}
    response: dict[str, Any] = {"description": "one"}
    if declared is not None:
        response["content"] = {"application/json": content}
    document = Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "offers", "version": "1"},
            "paths": {"/offer": {"get": {"operationId": "get", "responses": {"200": response}}}},
        }
    )
    as_one = expected or [("value", "body /price")]
    for software, wanted in ((None, expected), ("werkzeug/3", expected), ("gunicorn/1", as_one)):
        habits = ServerHabits()
        chosen = Comparer(document, SymbolTable(["right"]), Fixed(), leader="left", habits=habits)
        ours = answer(b'{"price": ' + left + b"}", headers={"Server": "gunicorn/23"})
        named = {"Server": software} if software else {}
        theirs = answer(b'{"price": ' + right + b"}", headers=named)
        differences = chosen.compare(document.operations["get"], ours, theirs, "right")
        seen = [(one.kind, one.where) for one in differences if one.where.startswith("body")]
        assert seen == wanted
        notes = [each for each in habits.sentences() if "the fractions of whole numbers" in each]
        assert len(notes) == (not wanted)
