"""The log-in is found in the document, verified, and repeated when a session ends."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.flask_servers import pair
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed

from lockstep.auth.actors import ActorBook, ActorSpec
from lockstep.auth.bodies import body_template
from lockstep.auth.calls import Call
from lockstep.auth.discovery import find_log_in
from lockstep.auth.entry import ActorError
from lockstep.auth.probe import find_users, settle
from lockstep.auth.schemes import find_credentials
from lockstep.auth.tokens import TokenError, find_tokens, read_token
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.credentials import BEARER, UNKNOWN, Credential
from lockstep.transport.messages import Request, Response, status_of
from lockstep.transport.targets import Target

TOKEN = Credential("header", "Authorization", "Token {token}")
COOKIE = Credential("cookie", "shed_session", "{token}")


def exchanger(document: Any, targets: list[Target]) -> Exchanger:
    """The exchanger of a new run."""
    return Exchanger(Run(Settings(document)).ledger, targets)


def book(sender: Exchanger, *specs: ActorSpec) -> ActorBook:
    """The users of a test."""
    return ActorBook(sender, specs, random.Random(0), "0a0b0c0d")


def test_token_log_in_of_a_blog_is_found_without_configuration() -> None:
    with pair(make_blog, prefix="/api") as targets:
        sender = exchanger(BLOG, targets)
        found = find_users(sender, "0a0b0c0d")
    alice, bob = found.specs
    assert (alice.token, alice.credential, bob.name) == ("/user/token", TOKEN, "bob")
    assert found.notes == [
        "users: register by `POST /users`, log in by `POST /users/login`, "
        "sent as `Authorization: Token …`"
    ]


def test_cookie_log_in_of_a_shed_is_found_without_configuration() -> None:
    with pair(make_shed) as targets:
        found = find_users(exchanger(SHED, targets), "0a0b0c0d")
    assert (found.specs[0].token, found.specs[0].credential) == ("cookie:shed_session", COOKIE)


def test_each_target_receives_its_own_token() -> None:
    with pair(make_blog, prefix="/api") as targets:
        sender = exchanger(BLOG, targets)
        users = book(sender, *find_users(sender, "0a0b0c0d").specs)
        signed = users.authorise(Request("GET", "/user"), users.get("alice"))
        exchange = sender.send(signed)
    assert [status_of(outcome) for outcome in exchange.outcomes.values()] == [200, 200]
    assert len({request.header("authorization") for request in exchange.requests.values()}) == 2


def test_ended_session_is_renewed_for_the_same_user() -> None:
    with pair(make_shed) as targets:
        sender = exchanger(SHED, targets)
        users = book(sender, *find_users(sender, "0a0b0c0d").specs)
        alice = users.get("alice")
        for method, path in (("DELETE", "/session"), ("GET", "/tools")):
            users.notice(sender.send(users.authorise(Request(method, path), alice)), alice)
        again = users.get("alice")
        exchange = sender.send(users.authorise(Request("GET", "/tools"), again))
    assert again.facts["login"] == alice.facts["login"]
    assert again.token != alice.token
    assert {status_of(outcome) for outcome in exchange.outcomes.values()} == {200}


def test_existing_account_may_differ_between_targets() -> None:
    with pair(make_shed) as targets:
        for target in targets:
            account = {"login": f"ann_{target.name}", "password": f"secret-{target.name}"}
            body = json.dumps(account).encode()
            target.send(Request("POST", "/members", (("Content-Type", "application/json"),), body))
        sender = exchanger(SHED, targets)
        draft = ActorSpec(
            "ann",
            login=Call("POST /session", {"login": "${login}", "password": "${password}"}),
            token="",
            credential=UNKNOWN,
            values={"login": "ann_old", "password": "secret-old"},
            values_for={"new": {"login": "ann_new", "password": "secret-new"}},
        )
        spec = settle(sender, draft, "0a0b0c0d").spec
        ann = book(sender, spec).get("ann")
    assert (spec.token, spec.credential, ann.facts["login"]) == (
        "cookie:shed_session",
        COOKIE,
        "ann_old",
    )


def test_fixed_token_needs_no_log_in() -> None:
    with pair(make_blog, prefix="/api") as targets:
        sender = exchanger(BLOG, targets)
        book(sender, *find_users(sender, "0a0b0c0d").specs).get("alice")
        identity = next(reversed(sender.identities.values()))
        draft = ActorSpec("robot", tokens=identity.tokens, token="", credential=UNKNOWN)
        spec = settle(sender, draft, "1a0b0c0d").spec
        users = book(sender, spec)
        exchange = sender.send(users.authorise(Request("GET", "/user"), users.get("robot")))
    assert spec.credential == TOKEN
    assert {status_of(outcome) for outcome in exchange.outcomes.values()} == {200}


def test_failed_log_in_names_operation_target_and_status() -> None:
    with pair(make_shed) as targets:
        sender = exchanger(SHED, targets)
        draft = ActorSpec("ann", login=Call("POST /session", {"login": "a", "password": "b"}))
        with pytest.raises(ActorError, match="ann#1: POST /session on old: 401"):
            book(sender, draft).get("ann")


def test_document_without_a_log_in_is_compared_without_users() -> None:
    with pair(make_shed) as targets:
        run = Run(Settings(SHED))
        del run.document.operations["POST /session"], run.document.operations["sign-up"]
        run.log_in(targets)
    assert run.settings.actors == ()
    assert (
        "9 operations require credentials, and the document shows no way to log in"
        in (run.notes[0])
    )


def described(paths: dict[str, Any], schemes: dict[str, Any] | None = None) -> Document:
    """A document of POST operations with these request bodies."""
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {
                path: {
                    "post": {
                        "requestBody": {"content": {media: {"schema": schema}}},
                        "responses": {"200": {"description": ""}},
                    }
                }
                for path, (media, schema) in paths.items()
            },
            "components": {"securitySchemes": schemes or {}},
        }
    )


def test_log_in_form_uses_the_name_of_the_registered_user() -> None:
    texts = {"type": "string"}
    document = described(
        {
            "/signup": ("application/json", properties(email=texts, password=texts)),
            "/reset-password": ("application/json", properties(password=texts)),
            "/token": (
                "application/x-www-form-urlencoded",
                properties(username=texts, password=texts),
            ),
        }
    )
    register, login = find_log_in(document)
    assert register is not None
    assert login is not None
    assert register.operation.path == "/signup"
    assert (login.operation.path, login.call.form) == ("/token", True)
    assert login.call.json["username"] == register.call.json["email"]


def properties(**members: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with these properties, all of them required."""
    return {"type": "object", "required": list(members), "properties": members}


@pytest.mark.parametrize(
    ("member", "schema", "value"),
    [
        ("email", {"type": "string"}, "${actor}.${unique}@example.com"),
        ("username", {"type": "string", "pattern": "^[a-z0-9_]+$"}, "${actor}${unique}"),
        ("login", {"type": "string", "maxLength": 8}, "${short}"),
        ("password", {"type": "string", "pattern": "^[a-zA-Z0-9]{8,}$"}, "Correct7Horse"),
        ("pin_password", {"type": "string", "maxLength": 6}, "123456"),
        ("plan", {"enum": ["free", "paid"]}, "free"),
        ("age", {"type": "integer", "minimum": 18}, 18),
        ("terms", {"type": "boolean"}, True),
        ("born", {"type": "string", "format": "date"}, "1990-01-31"),
        ("code", {"type": "string", "pattern": "^X[0-9]{2}$"}, "X00"),
        ("seal", {"type": "string", "pattern": "^[0-9a-f]+$", "minLength": 64}, "0" * 64),
        ("word", {"type": "string", "pattern": "^(?!a)a", "minLength": 2}, "aa"),
        ("tags", {"type": "array", "minItems": 1, "items": {"type": "string"}}, ["a"]),
    ],
)
def test_property_value_follows_its_name_and_schema(
    member: str, schema: dict[str, Any], value: Any
) -> None:
    document = described({})
    assert body_template(document, properties(**{member: schema})) == {member: value}


@pytest.mark.parametrize(
    ("scheme", "credential"),
    [
        ({"type": "http", "scheme": "bearer"}, BEARER),
        ({"type": "http", "scheme": "token"}, TOKEN),
        (
            {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token x`"},
            TOKEN,
        ),
        (
            {"type": "apiKey", "in": "header", "name": "X-Key"},
            Credential("header", "X-Key", "{token}"),
        ),
        ({"type": "apiKey", "in": "query", "name": "key"}, Credential("query", "key", "{token}")),
        ({"type": "oauth2", "flows": {}}, BEARER),
    ],
)
def test_token_is_sent_as_the_security_scheme_requires(
    scheme: dict[str, Any], credential: Credential
) -> None:
    assert find_credentials(described({}, {"a": scheme}))[0] == credential


def test_tokens_are_found_in_bodies_headers_and_cookies() -> None:
    body = (
        b'{"refresh_token":"r-123456","user":{"id":"0123456789","data":{"accessToken":"a-123456"}}}'
    )
    headers = (("X-Auth-Token", "h-123456"), ("Set-Cookie", "sid=c-123456; Path=/"))
    answer = Response(200, headers, body)
    assert find_tokens(answer) == ["/user/data/accessToken", "header:X-Auth-Token", "cookie:sid"]
    assert [read_token(answer, source) for source in find_tokens(answer)] == [
        "a-123456",
        "h-123456",
        "c-123456",
    ]
    with pytest.raises(TokenError, match="no token at /nowhere in a response with status 200"):
        read_token(answer, "/nowhere")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, 1),
        ({"minimum": 0}, 10),
        ({"minimum": 1}, 1),
        ({"minimum": 1, "maximum": 99}, 10),
        ({"minimum": 0, "maximum": 1_000_000}, 1_000),
        ({"minimum": -90, "maximum": 90}, 1),
        ({"maximum": -3}, -3),
        ({"minimum": 1, "multipleOf": 5}, 5),
        ({"minimum": 0, "maximum": 1_000, "multipleOf": 0.01}, 31.07),
        ({"minimum": 0, "maximum": 1, "multipleOf": 0.01}, 1),
        ({"minimum": 10, "maximum": 10}, 10),
        ({"minimum": 0, "exclusiveMaximum": 1}, 0),
        ({"exclusiveMinimum": 0, "maximum": 0.5}, 0.25),
        ({"minimum": "not a number"}, 1),
    ],
)
def test_number_is_within_its_bounds(schema: dict[str, Any], value: float) -> None:
    document = Document({"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}})
    assert body_template(document, {"type": "number", **schema}) == value
