"""Hostile and unusual recordings: their draft is valid, and made within bounded time and memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from fixtures.captured import answered, checked, drafted, operation, parameters, paths, seen

from lockstep.drafting import DraftError, draft
from lockstep.recordings import Captured
from lockstep.transport.messages import NoResponse


def test_paths_with_non_ascii_and_special_characters() -> None:
    made = drafted(
        *(seen(f"GET /aufgaben/größe/{n}", {"id": n}) for n in range(2)),
        seen("GET /%E4%BB%BB%E5%8A%A1/7", {"id": 7}),
        seen("GET /a%2Fb/c%20d", {}),
        seen("GET /x{y}/{z}", {}),
        seen("GET /percent%zz/100%25", {}),
        seen("GET /bytes%ff%fe", {}),
        seen("GET /a//b/", {}),
        seen("GET /plus+sign/semi;colon/x@", {}),
    )
    assert paths(made) == [
        "/%E4%BB%BB%E5%8A%A1/{id}",
        "/a//b/",
        "/a%2Fb/c%20d",
        "/aufgaben/gr%C3%B6%C3%9Fe/{grosseId}",
        "/bytes%FF%FE",
        "/percent%25zz/100%25",
        "/plus+sign/semi;colon/x@",
        "/x%7By%7D/%7Bz%7D",
    ]
    document = checked(made.document)
    assert document.find("GET", "/x%7By%7D/%7Bz%7D") is not None


def test_query_names_that_are_repeated_empty_or_special() -> None:
    made = drafted(
        seen(
            "GET /tasks?a=1&a=2&b=&c&=x&d%5B%5D=1&d%5B%5D=2&e%5Bf%5D=x&%ff=1&g;h=1&__proto__=1", []
        )
    )
    found = parameters(made, "GET /tasks")
    assert list(found) == ["a", "b", "c", "d[]", "e[f]", "g;h", "__proto__"]
    assert found["a"]["schema"] == {"type": "array", "items": {"type": "integer"}}


def test_property_names_with_special_characters() -> None:
    odd = ["__proto__", "constructor", "$ref", "", "a/b~c", "no", "12:30", "1e3", "ключ", "x" * 500]
    made = drafted(seen("GET /things", {**{name: {"type": 1} for name in odd}, "\ud800": 1}))
    properties = answered(made, "GET /things")["properties"]
    assert list(properties) == odd


def test_bodies_that_contradict_their_content_type() -> None:
    json_headers = {"Content-Type": "application/json"}
    made = drafted(
        seen("GET /a", b"<html>no</html>", response_headers=json_headers),
        seen("GET /b", b'{"cut": [1, 2', response_headers=json_headers),
        seen("GET /b", {"cut": [1]}),
        seen("GET /c", b"\xff\xfe\x00", response_headers=json_headers),
        seen("GET /d", b"[" * 100_000 + b"]" * 100_000, response_headers=json_headers),
        seen("GET /e", b"\xef\xbb\xbf[1]", response_headers=json_headers),
        seen("GET /f", b"null", response_headers=json_headers),
        seen("GET /g", b"[1]", response_headers={"Content-Type": "nonsense"}),
        seen("GET /h", b"<a>&x;</a>", response_headers={"Content-Type": "text/xml"}),
        seen("GET /i", b"{}", response_headers={"Content-Type": "APPLICATION/Problem+JSON ; x"}),
        seen("POST /j", {}, 200, b"no parts", {"Content-Type": "multipart/form-data"}),
        seen("GET /k", b"NaN", response_headers=json_headers),
    )
    assert {gap.operation for gap in made.gaps if gap.kind == "cut_body"} == {
        *("getA", "getB", "getC", "getD")
    }
    assert answered(made, "GET /b")["properties"]["cut"]["type"] == "array"
    assert answered(made, "GET /e") == {"type": "array", "items": {"type": "integer"}}
    assert answered(made, "GET /g") == {"type": "array", "items": {"type": "integer"}}


def test_nesting_depth_is_bounded() -> None:
    deep = b'{"in": [' * 200 + b"1" + b"]}" * 200
    json_headers = {"Content-Type": "application/json"}
    made = drafted(
        seen("GET /deep", deep, response_headers=json_headers), seen("GET /deep", {"in": [1]})
    )
    assert "too_deep" in {gap.kind for gap in made.gaps}


def test_huge_bodies_are_read_in_bounded_time() -> None:
    rows = [{"id": n, "name": f"name {n}", "on": n % 2 == 0} for n in range(50_000)]
    keys = {f"key {n}": {"at": n} for n in range(50_000)}
    captured = [seen("GET /rows", rows), seen("GET /keys", keys)]
    start = time.monotonic()
    made = drafted(*captured)
    assert time.monotonic() - start < 30
    assert answered(made, "GET /keys")["additionalProperties"]["required"] == ["at"]
    assert answered(made, "GET /rows")["items"]["required"] == ["id", "name", "on"]


def test_ten_thousand_requests_are_drafted_in_bounded_time() -> None:
    def task(number: int) -> dict[str, Any]:
        owner = {"id": number % 50, "name": f"name {number}", "mail": f"m{number}@a.test"}
        return {"id": number, "title": f"title {number}", "tags": ["a", "b"], "owner": owner}

    captured = [
        seen(
            f"GET /tasks/{n}" if n % 3 else f"GET /tasks?page={n}", task(n) if n % 3 else [task(n)]
        )
        for n in range(5_000)
    ]
    captured += [seen(f"GET /words/w{n}x/{n}?k{n}=1", {"id": n}) for n in range(2_500)]
    captured += [seen(f"GET /slugs/{chr(97 + n % 26)}{'z' * (n // 26)}", {}) for n in range(2_500)]
    start = time.monotonic()
    made = draft(captured)
    assert time.monotonic() - start < 30
    assert made.requests == 10_000


def test_memory_per_request_is_bounded() -> None:
    def most(count: int) -> int:
        captured = [seen(f"GET /tasks/{n}", {"id": n, "text": f"{n:0500}"}) for n in range(count)]
        tracemalloc.start()
        draft(captured)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    # A few short strings are kept per request, and no body.
    assert most(600) - most(300) < 300 * 1_000


def test_requests_outside_the_api_are_left_out_and_counted() -> None:
    html = {"Content-Type": "text/html"}
    made = drafted(
        seen("GET /tasks", []),
        seen("POST /tasks", {"id": 1}, 201, {}),
        seen("OPTIONS /tasks", b"", 204),
        seen("GET /", b"<html>", response_headers=html),
        seen("GET /main.4f3a2b1c.js", b"x", response_headers={"Content-Type": "text/javascript"}),
        seen("GET /static/logo.png", b"x", response_headers={"Content-Type": "image/png"}),
        seen("GET https://cdn.other.test/lib.css", b"x"),
        seen("POST https://www.google-analytics.com/collect", b"", 204, b"x"),
        seen("GET /wp-login.php", b"", 404),
        seen("TRACE /tasks", b"", 405),
        seen("PROPFIND /tasks", b"", 207),
        Captured("GET", "https://api.test/lost", answer=NoResponse("dropped")),
    )
    assert paths(made) == ["/tasks"]
    assert dict(made.left_out) == {
        "OPTIONS requests": 1,
        "pages": 1,
        "static files": 2,
        "requests to other hosts": 2,
        "requests to paths that do not exist": 1,
        "requests with methods that were rejected": 1,
        "requests with methods that OpenAPI 3.1 does not have": 1,
        "requests without a response": 1,
    }
    assert made.document["servers"] == [{"url": "https://api.test"}]


def test_host_is_that_of_the_api_or_as_configured() -> None:
    captured = (
        *(seen(f"GET https://www.shop.test/page{n}", b"<p>") for n in range(9)),
        seen("GET https://api.shop.test/v1/tasks", []),
        seen("GET https://auth.shop.test/keys", {"keys": []}),
        seen("GET https://api.shop.test/v1/users", []),
    )
    made = drafted(*captured)
    assert made.document["servers"] == [{"url": "https://api.shop.test/v1"}]
    assert paths(made) == ["/tasks", "/users"]
    assert "auth.shop.test (1)" in made.notes[0]
    assert paths(drafted(*captured, host="auth.shop.test")) == ["/keys"]
    assert paths(drafted(*captured, base_url="https://api.shop.test")) == ["/v1/tasks", "/v1/users"]
    assert paths(drafted(*captured, base_url="/v1")) == ["/tasks", "/users"]
    for wrong in ({"host": "nowhere.test"}, {"base_url": "https://nowhere.test"}):
        with pytest.raises(DraftError, match=r"there are some to www\.shop\.test, api\.shop\.test"):
            drafted(*captured, **wrong)
    with pytest.raises(DraftError, match=r"below https://api\.shop\.test/v9"):
        drafted(*captured, base_url="https://api.shop.test/v9")


def test_log_without_hosts_takes_the_host_of_other_recordings() -> None:
    captured = (
        seen("GET https://a.test/v1/tasks", []),
        *(seen(f"POST http://recorded.invalid/v1/jobs/{n}", partial=True) for n in range(3)),
    )
    made = drafted(*captured)
    assert paths(made) == ["/jobs/{jobId}", "/tasks"]
    assert made.document["servers"] == [{"url": "https://a.test/v1"}]
    assert drafted(*captured[1:]).document["servers"] == [{"url": "/v1"}]


def test_malformed_urls_are_left_out_and_counted() -> None:
    made = drafted(seen("GET /tasks", []), seen("GET http://[::1/x"), seen("GET http://a:b:c/x"))
    assert made.left_out["malformed URLs"] == 2
    with pytest.raises(DraftError, match="no request to a server"):
        drafted(seen("GET http://[::1/x"))


def test_html_page_is_an_operation_if_there_is_nothing_else() -> None:
    made = drafted(seen("GET /about", b"<p>", response_headers={"Content-Type": "text/html"}))
    assert operation(made, "GET /about")["responses"]["200"]["content"] == {
        "text/html": {"schema": {"type": "string"}}
    }


def test_yaml_draft_is_read_alike_by_yaml_1_1_and_1_2() -> None:
    import yaml

    from lockstep.drafting.writing import as_yaml

    odd = [
        "no",
        "on",
        "12:30",
        "1e3",
        "0o7",
        "2026-01-01",
        "~",
        "a: b",
        "# x",
        "=",
        "<<",
        ".5",
        "1_0",
    ]
    made = drafted(seen("GET /things", dict.fromkeys(odd, 1)))
    assert yaml.safe_load(as_yaml(made.document)) == json.loads(json.dumps(made.document))
