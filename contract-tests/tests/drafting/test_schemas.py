"""Drafted schemas: types, formats, maps, forms, and shared components."""

from __future__ import annotations

from typing import Any

from fixtures.captured import answered, drafted, operation, parameters, seen, taken

UUID = "0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11"


def schema_of(*answers: Any) -> Any:
    return answered(drafted(*(seen("GET /things", answer) for answer in answers)), "GET /things")


def test_properties_present_in_every_body_are_required() -> None:
    assert schema_of({"a": 1, "b": None}, {"a": 2, "b": "x", "c": True}) == {
        "type": "object",
        "required": ["a", "b"],
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": ["string", "null"]},
            "c": {"type": "boolean"},
        },
    }


def test_format_is_drafted_if_all_strings_have_it() -> None:
    first = {
        "at": "2026-01-31T10:00:00Z",
        "day": "2026-01-31",
        "id": UUID,
        "mail": "a@b.test",
        "link": "https://a.test/x?y=1",
        "ip": "192.0.2.1",
        "mixed": "2026-01-31",
        "local": "2026-01-31T10:00:00",
        "impossible": "2026-02-31",
        "empty": UUID,
    }
    second = {**first, "mixed": "soon", "at": "2026-01-31T10:00:00.123+02:00", "empty": ""}
    found = schema_of(first, second)["properties"]
    assert {name: each.get("format") for name, each in found.items()} == {
        "at": "date-time",
        "day": "date",
        "id": "uuid",
        "mail": "email",
        "link": "uri",
        "ip": "ipv4",
        "mixed": None,
        "local": None,
        "impossible": None,
        "empty": None,
    }


def test_numbers_and_unions() -> None:
    answers = [{"n": 1, "u": "x", "v": [1]}, {"n": 1.5, "u": 2, "v": None}, {"n": 2, "u": None}]
    found = schema_of(*answers)["properties"]
    assert found["n"] == {"type": "number"}
    assert found["u"] == {"type": ["string", "integer", "null"]}
    assert found["v"] == {"type": ["array", "null"], "items": {"type": "integer"}}


def test_union_of_object_and_string() -> None:
    found = schema_of({"u": {"a": 1}}, {"u": "x"})["properties"]["u"]
    assert found["anyOf"] == [
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
        {"type": "string"},
    ]


def test_property_that_was_always_null_has_no_type() -> None:
    made = drafted(seen("GET /things", {"a": None}))
    assert answered(made, "GET /things")["properties"]["a"] == {
        "description": "Only null was seen."
    }
    assert ("only_null", "a") in [(gap.kind, gap.detail) for gap in made.gaps]


def test_object_with_data_as_keys_is_a_map() -> None:
    count = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert schema_of({"2026-01-01": 1, "2026-01-02": 4}) == count
    assert schema_of({UUID: 1}) == count
    assert schema_of({"12": 1, "13": 2}) == count
    assert schema_of({"a@b.test": 1, "c@d.test": 1}) == count
    assert (
        schema_of(*({f"name{chr(97 + n + m)}x": n for m in range(3)} for n in range(12))) == count
    )
    assert schema_of({f"word{chr(97 + n % 26)}{chr(97 + n // 26)}": n for n in range(80)}) == count


def test_property_names_that_resemble_data_keys_stay_properties() -> None:
    for names in (("address_line_1", "address_line_2"), ("sha256", "md5"), ("ipv4", "ipv6")):
        assert set(schema_of(dict.fromkeys(names, "x"))["properties"]) == set(names)
    many = {f"field{chr(97 + n % 26)}{chr(97 + n // 26)}": "x" if n % 2 else n for n in range(80)}
    assert len(schema_of(many)["properties"]) == 80


def test_enum_is_drafted_only_from_clear_evidence() -> None:
    def rows(**member: list[str]) -> Any:
        ((name, values),) = member.items()
        rows = [{name: value, "n": 1} for value in values * 5]
        return schema_of(rows)["items"]["properties"][name]

    assert rows(status=["open", "done"]) == {"type": "string", "enum": ["done", "open"]}
    assert rows(owner=["annabel", "bertrand"]) == {"type": "string"}
    assert rows(status=["it was raining, so I stayed", "gone"]) == {"type": "string"}
    assert schema_of([{"status": "open"}] * 3)["items"]["properties"]["status"] == {
        "type": "string"
    }


def test_rejected_request_bodies_do_not_shape_the_schema() -> None:
    made = drafted(
        seen("POST /tasks", {"id": 1, "title": "x"}, 201, {"title": "x", "size": 1}),
        seen("POST /tasks", {"id": 2, "title": "x"}, 201, {"title": "x"}),
        seen("POST /tasks", {"error": "no"}, 422, {"title": 7}),
        seen("POST /tasks", {"error": "no"}, 422, {}),
    )
    assert taken(made, "POST /tasks") == {
        "type": "object",
        "required": ["title"],
        "properties": {"title": {"type": "string"}, "size": {"type": "integer"}},
    }


def test_repeated_object_is_a_component() -> None:
    task = {"id": 1, "title": "x", "done": False, "owner": {"id": 3, "name": "y", "mail": "a@b.c"}}
    made = drafted(
        seen("GET /tasks", {"items": [task, task], "total": 2}),
        seen("POST /tasks", task, 201, {"title": "x", "done": False}),
        seen("GET /tasks/1", {**task, "owner": None}),
        seen("PUT /tasks/1", task, 200, task),
        seen("GET /users/3", task["owner"]),
        seen("GET /tasks/9", {"code": "gone", "message": "x"}, 404),
        seen("GET /users/9", {"code": "gone", "message": "x"}, 404),
    )
    schemas = made.document["components"]["schemas"]
    assert list(schemas) == ["Error", "Task", "User"]
    assert schemas["Task"]["properties"]["owner"] == {
        "anyOf": [{"$ref": "#/components/schemas/User"}, {"type": "null"}]
    }
    task_reference = {"$ref": "#/components/schemas/Task"}
    assert answered(made, "GET /tasks/{taskId}") == task_reference
    assert answered(made, "GET /tasks")["properties"]["items"]["items"] == task_reference
    assert answered(made, "GET /users/{userId}", 404) == {"$ref": "#/components/schemas/Error"}


def test_recursive_object_is_a_recursive_component() -> None:
    def comment(*replies: Any) -> Any:
        return {"id": 1, "text": "x", "at": "2026-01-31", "replies": list(replies)}

    made = drafted(seen("GET /comments", [comment(comment(comment())), comment()]))
    reference = {"$ref": "#/components/schemas/Comment"}
    assert answered(made, "GET /comments") == {"type": "array", "items": reference}
    comments = made.document["components"]["schemas"]["Comment"]
    assert comments["properties"]["replies"] == {"type": "array", "items": reference}


def test_similar_small_objects_of_different_resources_are_two_components() -> None:
    made = drafted(
        seen("GET /tags", [{"id": 1, "name": "x"}]),
        seen("GET /tags/1", {"id": 1, "name": "x"}),
        seen("GET /cities", [{"id": "x", "name": "x"}]),
        seen("GET /cities/7", {"id": "x", "name": "x"}),
    )
    assert list(made.document["components"]["schemas"]) == ["City", "Tag"]


def test_forms_files_and_plain_text() -> None:
    form = b"user=annabel&age=30&tag=a&tag=b&ok=true"
    parts = (
        b'--B\r\nContent-Disposition: form-data; name="title"\r\n\r\ntrip\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--B--\r\n"
    )
    made = drafted(
        seen("POST /forms", b"", 204, form, {"Content-Type": "application/x-www-form-urlencoded"}),
        seen("POST /files", b"", 204, parts, {"Content-Type": "multipart/form-data; boundary=B"}),
        seen("GET /files/1", b"%PDF\xff", response_headers={"Content-Type": "application/pdf"}),
        seen(
            "GET /notes/1", b"hello", response_headers={"Content-Type": "text/plain; charset=utf-8"}
        ),
        seen("GET /tasks", [1]),
    )
    assert taken(made, "POST /forms", "application/x-www-form-urlencoded")["properties"] == {
        "user": {"type": "string"},
        "age": {"type": "integer"},
        "tag": {"type": "array", "items": {"type": "string"}},
        "ok": {"type": "boolean"},
    }
    assert taken(made, "POST /files", "multipart/form-data") == {
        "type": "object",
        "required": ["title", "file"],
        "properties": {
            "title": {"type": "string"},
            "file": {"type": "string", "format": "binary"},
        },
    }
    assert operation(made, "GET /files/{fileId}")["responses"]["200"]["content"] == {
        "application/pdf": {"schema": {"type": "string", "format": "binary"}}
    }
    assert "content" not in operation(made, "POST /files")["responses"]["204"]
    assert operation(made, "GET /notes/{noteId}")["responses"]["200"]["content"] == {
        "text/plain": {"schema": {"type": "string"}}
    }


def test_xml_schema() -> None:
    body = b'<?xml version="1.0"?><task id="7"><title>x</title><tag>a</tag><tag>b</tag></task>'
    made = drafted(seen("GET /tasks/7", body, response_headers={"Content-Type": "application/xml"}))
    content = operation(made, "GET /tasks/{taskId}")["responses"]["200"]["content"]
    assert content["application/xml"]["schema"] == {
        "type": "object",
        "required": ["id", "title", "tag"],
        "properties": {
            "id": {"type": "integer", "xml": {"attribute": True}},
            "title": {"type": "string"},
            "tag": {"type": "array", "items": {"type": "string"}},
        },
        "xml": {"name": "task"},
    }


def test_query_parameters() -> None:
    made = drafted(
        seen("GET /tasks?limit=10&open=true&since=2026-01-01&q=x&tag=a&tag=b", []),
        seen("GET /tasks?limit=20&open=false&since=2026-02-01&tag=c", []),
        seen("GET /tasks?limit=nonsense", {"error": "x"}, 400),
    )
    found = parameters(made, "GET /tasks")
    assert {name: each["schema"] for name, each in found.items()} == {
        "limit": {"type": "integer"},
        "open": {"type": "boolean"},
        "since": {"type": "string", "format": "date"},
        "q": {"type": "string"},
        "tag": {"type": "array", "items": {"type": "string"}},
    }
    required = [name for name, each in found.items() if each.get("required")]
    assert required == ["limit", "open", "since", "tag"]


def test_request_headers_of_the_api_are_parameters() -> None:
    browser = {
        "User-Agent": "Mozilla/5.0",
        "Accept": "*/*",
        "Sec-Fetch-Mode": "cors",
        "Referer": "https://a.test",
        "X-Requested-With": "XMLHttpRequest",
        "traceparent": "00-1-2-03",
    }
    own = {"Idempotency-Key": UUID, "X-Tenant": "acme", "If-Match": '"1"'}
    made = drafted(
        seen("PUT /tasks/1", {}, 200, {}, {**browser, **own}),
        seen("PUT /tasks/2", {}, 200, {}, {**browser, **own, "X-Dry-Run": "true"}),
    )
    found = parameters(made, "PUT /tasks/{taskId}")
    assert list(found) == ["taskId", "Idempotency-Key", "If-Match", "X-Dry-Run", "X-Tenant"]
    assert found["Idempotency-Key"]["schema"] == {"type": "string", "format": "uuid"}
    assert found["X-Tenant"] == {
        "name": "X-Tenant",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
    }
    assert "required" not in found["X-Dry-Run"]


def test_response_headers_of_the_api_are_documented() -> None:
    headers = {
        "Location": "/tasks/1",
        "ETag": '"1"',
        "Server": "x",
        "Date": "x",
        "X-Frame-Options": "x",
    }
    made = drafted(seen("POST /tasks", {"id": 1}, 201, {}, response_headers=headers))
    assert list(operation(made, "POST /tasks")["responses"]["201"]["headers"]) == [
        "ETag",
        "Location",
    ]
