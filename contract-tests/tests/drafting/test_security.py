"""Drafted security schemes, and no recorded secret in a draft."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fixtures.captured import checked, drafted, operation, parameters, seen

from lockstep.auth.discovery import find_log_in
from lockstep.auth.schemes import find_credentials
from lockstep.drafting.writing import as_yaml

JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"annabel"}', b"sign" * 8)
)
BEARER = {"Authorization": f"Bearer {JWT}"}
BASIC = {"Authorization": f"Basic {base64.b64encode(b'annabel:pa55word').decode()}"}


def schemes(made: Any) -> Any:
    return made.document.get("components", {}).get("securitySchemes", {})


def test_operations_called_with_credentials_require_them() -> None:
    made = drafted(
        seen("GET /tasks", [], sent=BEARER),
        seen("GET /tasks", {"error": "x"}, 401),
        seen("GET /health", {"ok": True}),
        seen("GET /news", [], sent=BEARER),
        seen("GET /news", []),
    )
    assert schemes(made) == {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    assert operation(made, "GET /tasks")["security"] == [{"bearer": []}]
    assert "security" not in operation(made, "GET /health")
    assert operation(made, "GET /news")["security"] == [{"bearer": []}, {}]


@pytest.mark.parametrize(
    ("sent", "scheme"),
    [
        (BASIC, {"type": "http", "scheme": "basic"}),
        ({"Authorization": "Token 0a1b2c3d4e5f"}, {"type": "http", "scheme": "token"}),
        (
            {"authorization": "0a1b2c3d4e"},
            {"type": "apiKey", "in": "header", "name": "Authorization"},
        ),
        ({"X-API-Key": "0a1b2c3d"}, {"type": "apiKey", "in": "header", "name": "X-API-Key"}),
        ({"apikey": "0a1b2c3d"}, {"type": "apiKey", "in": "header", "name": "apikey"}),
        (
            {"Cookie": "_ga=GA1.2.3; sessionid=0a1b2c3d; theme=dark"},
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        ),
    ],
)
def test_security_scheme_of_each_kind_of_credentials(
    sent: dict[str, str], scheme: dict[str, str]
) -> None:
    made = drafted(seen("GET /tasks", [], sent=sent))
    assert list(schemes(made).values()) == [scheme]
    assert len(operation(made, "GET /tasks")["security"]) == 1
    assert find_credentials(checked(made.document))


def test_api_key_in_the_query_is_a_scheme_and_not_a_parameter() -> None:
    made = drafted(
        seen("GET /tasks?api_key=s3cret&limit=1", []), seen("GET /users?api_key=s3cret", [])
    )
    assert schemes(made) == {"apiKey": {"type": "apiKey", "in": "query", "name": "api_key"}}
    assert list(parameters(made, "GET /tasks")) == ["limit"]
    assert "s3cret" not in as_yaml(made.document)


def test_api_key_and_bearer_token_sent_together_are_both_required() -> None:
    made = drafted(seen("GET /tasks", [], sent={**BEARER, "X-API-Key": "abc"}))
    assert operation(made, "GET /tasks")["security"] == [{"apiKey": [], "bearer": []}]


def test_cookie_set_by_the_log_in_is_the_session_scheme() -> None:
    cookie = {"Set-Cookie": "qx=81f; Path=/"}
    login = {"user": "annabel", "password": "pa55word"}
    made = drafted(
        seen("POST /enter", {"ok": True}, 200, login, response_headers=cookie),
        seen("GET /tasks", [], sent={"Cookie": "qx=81f"}),
    )
    assert schemes(made) == {"session": {"type": "apiKey", "in": "cookie", "name": "qx"}}


def test_redacted_header_is_still_a_security_scheme() -> None:
    made = drafted(
        seen("GET /tasks", [], blackened=frozenset({"authorization"})),
        seen("GET /jobs", [], blackened=frozenset({"x-api-key"})),
    )
    assert operation(made, "GET /tasks")["security"] == [{"bearer": []}]
    assert operation(made, "GET /jobs")["security"] == [{"apiKey": []}]


def test_www_authenticate_challenge_is_a_security_scheme() -> None:
    headers = {"WWW-Authenticate": 'Basic realm="x"'}
    made = drafted(
        seen("GET /tasks", {"error": "x"}, 401, response_headers=headers), seen("GET /news", [])
    )
    assert schemes(made) == {"basic": {"type": "http", "scheme": "basic"}}
    assert operation(made, "GET /tasks")["security"] == [{"basic": []}]


@pytest.mark.parametrize("path", ["/sessions", "/auth/login", "/enter", "/api/token"])
def test_log_in_is_found_in_the_draft(path: str) -> None:
    account = {"username": "annabel", "password": "pa55word"}
    made = drafted(
        seen("POST /users", {"id": 1, "username": "annabel"}, 201, account),
        seen(f"POST {path}", {"access_token": JWT}, 200, account, BEARER),
        seen("GET /tasks", [], sent=BEARER),
    )
    register, login = find_log_in(checked(made.document))
    assert login is not None
    assert login.operation.path == path
    assert not login.operation.requires_auth
    assert register is not None
    assert register.operation.path == "/users"


@pytest.mark.parametrize("path", ["/reset-password", "/users/me/password", "/users"])
def test_password_reset_and_registration_are_not_the_log_in(path: str) -> None:
    made = drafted(
        seen(f"POST {path}", {"token": JWT}, 200, {"token": "x", "password": "pa55word"}),
        seen("POST /door", {"token": JWT}, 200, {"user": "annabel", "password": "pa55word"}),
    )
    assert operation(made, "POST /door")["operationId"] == "logIn"
    assert operation(made, f"POST {path}")["operationId"] != "logIn"


def test_log_in_by_form() -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"username=annabel&password=pa55word"
    made = drafted(
        seen("POST /token", {"access_token": JWT, "token_type": "bearer"}, 200, body, form),
        seen("GET /tasks", [], sent=BEARER),
    )
    _, login = find_log_in(checked(made.document))
    assert login is not None
    assert login.call.form


def test_draft_contains_no_recorded_value() -> None:
    person = {"name": "Annabel Lee", "email": "annabel@lee.test", "phone": "+1 555 0100"}
    secret = {"password": "pa55word", "card": "4111111111111111", "status": "sleepy"}
    url = "http://annabel:pa55word@api.test/users/annabel%40lee.test?name=Annabel&token=t0k3n"
    made = drafted(
        seen("POST /users", {**person, "id": 7}, 201, {**person, **secret}, BEARER),
        seen(f"GET {url}", person, sent={**BASIC, "X-Trace": "annabel", "Cookie": "sid=81fa"}),
        seen("GET https://api.test/users/Annabel;jsessionid=81fa", person),
        seen(
            "GET /avatars/annabel@lee.test",
            b"\x89PNG",
            response_headers={"Content-Type": "image/png"},
        ),
        seen("GET /counts", {"annabel@lee.test": 1, "bert@x.test": 2}),
        host="api.test",
    )
    text = (as_yaml(made.document) + json.dumps([made.notes, list(made.left_out)])).lower()
    recorded = (
        "annabel",
        "lee.test",
        "pa55word",
        "4111",
        "555",
        "t0k3n",
        "81fa",
        "sleepy",
        JWT[:20],
    )
    assert [each for each in recorded if each.lower() in text] == []
