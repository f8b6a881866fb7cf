"""Differences of two responses are grouped into facts, which are equal wherever they show."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.observed import Observed, answer, ask, get, post
from fixtures.scripted import plain_document

from lockstep.openapi.document import Document
from lockstep.results.signatures import Observation, Signature, relation
from lockstep.transport.messages import Outcome, Request, Response

TASK = {"id": "t1", "title": "one", "size": 1}
SLUGS = Document(
    plain_document(
        **{
            "/articles": {
                "post": {
                    "responses": {
                        "201": {
                            "description": "Made.",
                            "content": {
                                "application/json": {
                                    "schema": {"$ref": "#/components/schemas/Article"}
                                }
                            },
                        }
                    }
                }
            }
        }
    )
)


@pytest.fixture
def seen() -> Observed:
    """A run in which alice has created a task."""
    found = Observed()
    found.make("t1", "t2")
    return found


def facts(seen: Observed, *parts: Outcome | Request) -> list[Observation]:
    """Return the facts in two responses, to a request if one is given."""
    request = next((part for part in parts if isinstance(part, Request)), get())
    left, right = [part for part in parts if not isinstance(part, Request)]
    return seen.observations(seen.hear(request, left, right))


def token(claims: dict[str, Any]) -> str:
    """A JSON Web Token (RFC 7519)."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    texts = (urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*texts, "c2lnbmF0dXJl"))


def fact(seen: Observed, *parts: Outcome | Request) -> Signature:
    """Return the only fact in two responses."""
    (found,) = facts(seen, *parts)
    return found.signature


def places(observation: Observation) -> list[str]:
    """Return the places of the differences that belong to one fact."""
    return [one.where for one in observation.differences]


def refusals() -> Iterator[tuple[Request, int, dict[str, Any]]]:
    """Yield refusals of many requests, each with a different text."""
    for number in range(9):
        yield get(f"/tasks/x{number}"), 404, {"error": f"no task x{number}"}
        yield get(f"/users/x{number}"), 404, {"error": f"no user x{number}", "code": number}
        yield ask("DELETE", f"/tasks/x{number}"), 403, {"error": "not yours"}
        yield post({"title": "", "size": number}), 400, {"error": ["title is too short"]}


def test_an_additional_member_in_error_bodies_is_one_fact(seen: Observed) -> None:
    found = set()
    for request, status, body in refusals():
        renamed = {"message" if name == "error" else name: body[name] for name in body}
        found.add(fact(seen, answer(status, body), answer(status, renamed), request))
    assert found == {Signature("error body", "members", "+/message -/error")}


def test_all_that_differs_in_an_error_body_is_one_fact_and_each_header_its_own(
    seen: Observed,
) -> None:
    left = answer(404, {"code": "not_found", "text": "No task"}, X_Kind="plain")
    right = answer(404, {"code": "unknown", "text": "No such task"}, X_Kind="fancy")
    body, header = facts(seen, left, right)
    assert sorted(places(body)) == ["body /code", "body /text"]
    assert body.signature == Signature("error body", "body /code", "value not_found → unknown")
    assert header.signature.what == "header x-kind"


def test_a_header_that_tells_a_replay_is_part_of_the_replayed_id(seen: Observed) -> None:
    left = answer(201, {"id": "t1"}, Idempotent_Replayed="true")
    (replay,) = facts(seen, post(), left, answer(201, {"id": "t3"}))
    assert places(replay) == ["body", "header idempotent-replayed"]


def test_an_error_body_is_represented_by_what_its_signature_names(seen: Observed) -> None:
    left = answer(422, {"detail": "Bad input", "errors": [{"field": "a"}]})
    right = answer(422, {"detail": "Wrong input", "errors": []})
    (body,) = facts(seen, left, right)
    assert body.differences[0].where == body.signature.what == "body /errors"


def test_error_codes_are_distinguished_and_error_texts_are_not(seen: Observed) -> None:
    def differing(left: str, right: str) -> Signature:
        return fact(seen, answer(404, {"error": left}), answer(404, {"error": right}))

    assert differing("No task a", "Task a is gone") == differing("No task b", "b is not there")
    assert differing("not_found", "gone") != differing("not_found", "unknown")


def test_an_error_body_of_another_media_type_is_one_fact(seen: Observed) -> None:
    page = answer(404, b"<p>None</p>", Content_Type="text/html; charset=utf-8")
    found = facts(seen, page, answer(404, {"error": "None"}))
    assert [one.signature for one in found] == [
        Signature("error body", "media type", "text/html → application/json")
    ]


def test_an_error_body_of_another_charset_differs_by_what_it_says(seen: Observed) -> None:
    plain = answer(404, {"errors": ["None"]}, Content_Type="application/json")
    named = answer(404, {"errors": {}}, Content_Type="application/json; charset=latin1")
    body, header = facts(seen, plain, named)
    assert body.signature == Signature("error body", "body /errors", "type list → dict")
    assert header.signature.what == "header content-type"


def test_the_count_of_a_list_in_another_order_is_a_fact_of_its_own(seen: Observed) -> None:
    left, right = ([{"id": "t1"}, {"id": "t2"}], 2), ([{"id": "t2"}, {"id": "t1"}], 9)
    pages = (answer(200, {"data": data, "total": total}) for data, total in (left, right))
    found = facts(seen, get("/tasks"), *pages)
    assert [one.signature.how for one in found] == ["order", "count"]


def test_which_claims_a_token_holds_is_one_fact(seen: Observed) -> None:
    left = {"token": token({"exp": 9_000, "iat": 1_000, "sub": "u1"})}
    right = {"token": token({"exp": 9_500, "user": {"id": "u1"}})}
    lifetime, claims = facts(seen, answer(200, left), answer(200, right))
    assert len(claims.differences) == 3
    assert lifetime.differences[0].where.endswith("claim exp")


def test_a_charset_or_white_space_is_one_fact_for_successes_and_refusals(seen: Observed) -> None:
    """Error bodies come from the same serializer as all others."""

    def written(status: int, body: bytes, charset: str) -> Response:
        return Response(status, (("Content-Type", f"application/json{charset}"),), body)

    for charset in ("", "; charset=utf-8"):
        found = {
            fact(seen, written(status, b'{"a":1}', ""), written(status, b'{"a": 1}', charset))
            for status in (200, 404)
        }
        assert len(found) == 1, found


def test_two_successes_are_distinguished_from_a_success_and_a_refusal(seen: Observed) -> None:
    found = {
        pair: fact(seen, *(answer(status, TASK) for status in pair))
        for pair in ((200, 201), (400, 200), (400, 201), (404, 200), (200, 400), (400, 422))
    }
    assert found[400, 200] == found[400, 201] == Signature("status", "", "400 → success")
    assert found[200, 201] == Signature("status", "", "200 → 201")
    assert len(set(found.values())) == 5


def test_null_instead_of_absent_is_one_fact_for_all_members(seen: Observed) -> None:
    left = answer(200, {**TASK, "state": None, "due_at": None})
    member, null = facts(seen, left, answer(200, {"id": "t1", "title": "one"}))
    assert null.signature == Signature("member", "", "null → absent")
    assert sorted(places(null)) == ["body /due_at", "body /state"]
    assert member.signature == Signature("member", "task.size", "present → absent")
    back = fact(seen, answer(200, TASK), answer(200, {**TASK, "state": None}))
    assert back == Signature("member", "", "absent → null")


def test_a_member_is_the_same_in_a_list_and_by_itself(seen: Observed) -> None:
    loud = {**TASK, "title": "ONE"}
    alone = fact(seen, answer(200, TASK), answer(200, loud))
    page = [answer(200, {"data": [each]}) for each in (TASK, loud)]
    assert fact(seen, *page, get("/tasks")) == alone == Signature("value", "task.title", "case")


def test_headers_that_are_sets_are_distinguished_by_their_elements(seen: Observed) -> None:
    def differing(left: str, right: str) -> list[Observation]:
        return facts(seen, answer(200, TASK, Allow=left), answer(200, TASK, Allow=right))

    assert differing("GET, POST", "post,get") == []
    (one,), (other,) = differing("GET", "GET, HEAD"), differing("POST, GET", "HEAD, GET, POST")
    assert one.signature == other.signature == Signature("header", "header allow", "-[] +['head']")


def test_a_header_of_one_side_is_one_fact_whatever_its_value(seen: Observed) -> None:
    found = {
        fact(seen, answer(200, TASK), answer(200, TASK, X_Trace=value)) for value in ("a", "b c")
    }
    assert found == {Signature("header", "header x-trace", "absent → present")}


def test_the_count_beside_a_longer_list_is_part_of_that_fact(seen: Observed) -> None:
    left = answer(200, {"data": [TASK], "total": 1, "next": None}, ETag='"1"')
    more = [TASK, {**TASK, "id": "t2"}]
    right = answer(200, {"data": more, "total": 2, "next": "/tasks?page=2"}, ETag='"2"')
    (found,) = facts(seen, left, right, get("/tasks"))
    assert found.signature == Signature("list", "GET /tasks body /data", "more")
    assert places(found)[0] == "body /data"
    assert "body /total" in places(found)


def test_a_count_beside_an_equal_list_is_a_fact_of_its_own(seen: Observed) -> None:
    both = [answer(200, {"data": [TASK], "total": total}) for total in (1, 7)]
    assert fact(seen, *both, get("/tasks")) == Signature("list", "GET /tasks body /total", "count")


def test_pages_that_an_equal_total_takes_are_worked_out_otherwise(seen: Observed) -> None:
    both = [answer(200, {"data": [TASK], "total": 4, "totalPages": pages}) for pages in (4, 5)]
    found = fact(seen, *both, get("/tasks"))
    assert (found.kind, found.what) == ("value", "task.totalPages")
    parted = [answer(200, {"data": [TASK], "total": n, "pages": n}) for n in (4, 5)]
    assert {each.signature.how for each in facts(seen, *parted, get("/tasks"))} == {"count"}


def test_a_member_of_an_element_is_no_count_of_its_list(seen: Observed) -> None:
    left = answer(200, {"data": [TASK]})
    right = answer(200, {"data": [{**TASK, "size": 2}, {**TASK, "id": "t2"}]})
    found = facts(seen, left, right, get("/tasks"))
    assert {one.signature.kind for one in found} == {"list", "value"}


def test_the_order_of_a_list_and_its_members_are_two_facts(seen: Observed) -> None:
    one, two = TASK, {**TASK, "id": "t2"}
    both = answer(200, {"data": [one, two]}), answer(200, {"data": [two, {**one, "size": 2}]})
    assert {each.signature.kind for each in facts(seen, *both, get("/tasks"))} == {"list", "value"}


def test_a_location_beside_another_slug_is_part_of_that_fact() -> None:
    seen = Observed(SLUGS)
    left = answer(201, {"slug": "my-day"}, Location="/articles/my-day")
    right = answer(201, {"slug": "My-Day"}, Location="/articles/My-Day")
    (found,) = facts(seen, left, right, ask("POST", "/articles", {"title": "My Day"}))
    assert found.signature == Signature("form", "article.slug", "case")
    assert places(found) == ["body /slug", "header location"]


@pytest.mark.parametrize(
    ("left", "right", "locations"),
    [
        # One has none, for a different cause.
        ({"slug": "my-day"}, {"slug": "My-Day"}, ("/articles/my-day", "")),
        # Another path: the slug is part of both by chance.
        (
            {"slug": "a", "count": 1},
            {"slug": "a", "count": 2},
            ("/v1/articles/a", "/v2/articles/a"),
        ),
        # Neither follows from the other.
        ({"slug": "a", "text": ""}, {"slug": "a", "text": "b"}, ("/v1/articles/a", "/articles/a")),
    ],
)
def test_a_location_that_differs_by_itself_is_a_fact_of_its_own(
    left: Any, right: Any, locations: tuple[str, str]
) -> None:
    seen = Observed(SLUGS)
    both = [
        answer(201, body, Location=at) for body, at in zip((left, right), locations, strict=True)
    ]
    found = facts(seen, *both, ask("POST", "/articles", {"title": "My Day"}))
    assert ["header location"] in [places(one) for one in found]


def test_an_entity_tag_follows_from_the_body_but_not_its_absence(seen: Observed) -> None:
    other = {**TASK, "title": "two"}
    both = answer(200, TASK, ETag='"1"'), answer(200, other, ETag='W/"2"')
    assert len(facts(seen, *both)) == 1
    found = facts(seen, answer(200, TASK, ETag='"1"'), answer(200, other))
    assert [places(one) for one in found] == [["body /title"], ["header etag"]]


def test_an_object_with_another_identity_is_one_fact_with_all_its_members() -> None:
    seen = Observed(SLUGS)
    owners = [{"id": 7, "name": "ann"}, {"id": 8, "name": "bea"}]
    task = {"id": 1, "title": "one"}
    for owner in owners:
        seen.hear(get("/tasks/1"), answer(200, {**task, "owner": owner}))
    (found,) = facts(
        seen,
        answer(200, {**task, "owner": owners[0]}),
        answer(200, {**task, "owner": owners[1]}),
        get("/tasks/1"),
    )
    assert (found.signature.kind, found.signature.what) == ("symbol", "task.owner")
    assert places(found) == ["body /owner"]


def test_differences_are_in_the_order_of_the_responses(seen: Observed) -> None:
    names = ["k", "c", "x", "b", "m", "a"]
    left, right = ({"id": "t1", **dict.fromkeys(names, value)} for value in (1, 2))
    found = facts(seen, answer(200, {"id": "t1"}), answer(200, right))
    assert [one.signature.what for one in found] == [f"task.{name}" for name in names]
    found = facts(seen, answer(200, left), answer(200, {"id": "t1"}))
    assert [one.signature.what for one in found] == [f"task.{name}" for name in names]


@pytest.mark.parametrize("member", ["created_at", "due_at"])
def test_another_format_of_a_time_is_one_fact_for_all_members(seen: Observed, member: str) -> None:
    both = ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00+00:00")
    found = fact(seen, *(answer(200, {**TASK, member: text}) for text in both))
    assert found == Signature("form", "", "T0Z → T0+00:00")


@pytest.mark.parametrize(
    ("left", "right", "how"),
    [
        ('"Ab"', '"ab"', "case"),
        ('" a  b"', '"a b"', "white space"),
        ('"e\u0301"', '"\u00e9"', "normalisation"),
        ('"&lt;"', '"<"', "escaped"),
        ('"abc"', '"ab"', "cut"),
        ('"abc"', '""', "empty"),
        ('"abc"', '"xyz"', "other"),
        ("1", "1.0", "form of a number"),
        ("1", "2", "number"),
        ('"a"', "null", "null"),
        ('"1"', "1", "str → int"),
        ('"2020-01-01T00:00:00Z"', '"2021-01-01T00:00:00Z"', "time"),
    ],
)
def test_two_values_are_related_in_one_way(left: str, right: str, how: str) -> None:
    assert relation(left, right) == how


def test_the_pages_in_a_link_follow_from_the_total_in_a_header(seen: Observed) -> None:
    pages = ['</tasks?page=2>; rel="next"', '</tasks?page=3>; rel="next"']
    left, right = (
        answer(200, {"data": [TASK]}, X_Total_Count=total, Link=link)
        for total, link in zip(("20", "30"), pages, strict=True)
    )
    (found,) = facts(seen, get("/tasks"), left, right)
    assert found.signature == Signature("list", "GET /tasks header x-total-count", "count")
    assert [each.where for each in found.differences] == ["header x-total-count", "header link"]


def test_a_total_in_a_header_follows_from_a_longer_list(seen: Observed) -> None:
    left, right = (
        answer(200, {"data": [{**TASK, "id": f"t{at}"} for at in range(total)]}, X_Total_Count=text)
        for total, text in ((1, "1"), (2, "2"))
    )
    (found,) = facts(seen, get("/tasks"), left, right)
    assert found.signature.how == "more"


def test_a_link_alone_is_a_fact_of_its_own(seen: Observed) -> None:
    links = ['</tasks?page=2>; rel="next"', "</tasks?page=1>; rel=last"]
    left, right = (answer(200, {"data": [TASK]}, X_Total_Count="1", Link=link) for link in links)
    (found,) = facts(seen, get("/tasks"), left, right)
    assert found.differences[0].where == "header link"


def test_the_name_of_a_file_follows_from_its_media_type(seen: Observed) -> None:
    left = answer(200, {"data": [TASK]})
    table = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="a.csv"'}
    right = Response(200, tuple(table.items()), b"id,title\r\n")
    found = facts(seen, get("/tasks"), left, right)
    wheres = {each.where for each in found[0].differences}
    assert found[0].differences[0].where == "header content-type"
    assert "header content-disposition" in wheres
    assert not any(each.signature.what == "header content-disposition" for each in found)
