"""How credentials are sent, as read from security schemes, examples and descriptions."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.doors import OK, api

from lockstep.auth.schemes import (
    csrf_header,
    find_credentials,
    password_flow,
    without_csrf,
)
from lockstep.openapi.document import Document

HEADER = {"type": "apiKey", "in": "header", "name": "Authorization"}


@pytest.mark.parametrize(
    ("scheme", "first"),
    [
        ({**HEADER, "description": "```\nAuthorization: Token xxxxxx\n```"}, "Token {token}"),
        (
            {**HEADER, "description": "in this form:\n\n    Token xxxxxx.yyyyyyy.zzzzzz"},
            "Token {token}",
        ),
        ({**HEADER, "description": "Use `Authorization: token <key>`"}, "token {token}"),
        ({**HEADER, "x-example": "Authorization: SSWS 00abc"}, "SSWS {token}"),
        ({**HEADER, "description": "The JWT token of the log-in"}, "JWT {token}"),
        ({**HEADER, "description": "Authorization: the token of the log-in"}, "Bearer {token}"),
        ({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, "Bearer {token}"),
        ({"type": "http", "scheme": "bearer", "bearerFormat": "Token <jwt>"}, "Token {token}"),
        ({"type": "http", "scheme": "basic"}, "Basic {token}"),
    ],
)
def test_token_prefix_is_read_from_the_scheme_description(
    scheme: dict[str, Any], first: str
) -> None:
    assert find_credentials(Document(api(scheme)))[0].form == first


@pytest.mark.parametrize(
    "parameter",
    [
        {"example": "Token abc"},
        {"schema": {"type": "string", "example": "Token eyJhbGciOi"}},
        {"examples": {"usual": {"value": "Token abcdefghijklmnop"}}, "schema": {"type": "string"}},
        {"description": "`Authorization: Token abc`"},
    ],
)
def test_token_prefix_is_read_from_a_header_example(parameter: dict[str, Any]) -> None:
    operation = {
        "parameters": [{"name": "Authorization", "in": "header", **parameter}],
        "responses": OK,
    }
    document = Document(api(paths={"/me": {"get": operation}}))
    assert find_credentials(document)[0].form == "Token {token}"


def test_token_prefix_is_read_from_the_document_description() -> None:
    raw = api()
    del raw["components"]
    raw["info"]["description"] = "Log in, then send `Authorization: JWT <token>`."
    assert find_credentials(Document(raw))[0].form == "JWT {token}"


def test_csrf_header_is_not_a_credential() -> None:
    raw = api({"type": "apiKey", "in": "cookie", "name": "sid"})
    raw["components"]["securitySchemes"]["csrf"] = {
        "type": "apiKey",
        "in": "header",
        "name": "X-My-Csrf",
    }
    document = Document(raw)
    assert [str(form) for form in find_credentials(document)] == ["Cookie: sid=…"]
    assert csrf_header(document) == "X-My-Csrf"
    assert csrf_header(Document(api())) == ""


def test_csrf_headers_are_removed_from_a_document() -> None:
    raw = api()
    raw["components"]["parameters"] = {"token": {"name": "X-CSRFToken", "in": "header"}}
    raw["components"]["securitySchemes"]["csrf"] = {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
    }
    kept = {"name": "limit", "in": "query"}
    parameters = [{"$ref": "#/components/parameters/token"}, kept]
    operation = {"parameters": parameters, "security": [{"key": [], "csrf": []}]}
    raw["paths"]["/things"] = {"post": operation}
    changed = without_csrf(raw)["paths"]["/things"]["post"]
    assert changed == {"parameters": [kept], "security": [{"key": []}]}


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("token", "/token"),
        ("/api/token", "/token"),
        ("https://api.example.com/api/token", "/token"),
        ("https://accounts.example.com/token", ""),
    ],
)
def test_token_endpoint_must_be_on_the_same_server(url: str, path: str) -> None:
    raw = api({"type": "oauth2", "flows": {"password": {"tokenUrl": url, "scopes": {}}}})
    raw["servers"] = [{"url": "https://api.example.com/api"}]
    assert password_flow(Document(raw)) == path
