"""A log-in is verified by a guarded operation that works on all targets; failures are explained."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
from fixtures.doors import (
    BEARER_SCHEME,
    OK,
    Door,
    api,
    body_of,
    by_cookie,
    by_header,
    doors,
    sends,
    texts,
)
from fixtures.scripted import Scripted, answer

from lockstep.auth.actors import ActorBook, ActorSpec
from lockstep.auth.probe import Admission, find_users, settle
from lockstep.exchange.exchanger import Exchanger
from lockstep.results.findings import PARITY
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.cookies import sent_cookies
from lockstep.transport.credentials import UNKNOWN
from lockstep.transport.messages import Outcome, Request, Response, status_of

NONCE = "0a0b0c0d"
FORM = "application/x-www-form-urlencoded"


def found(sender: Exchanger) -> Admission:
    """The result of the search for users."""
    return find_users(sender, NONCE)


def statuses(sender: Exchanger, specs: tuple[ActorSpec, ...], request: Request) -> set[int | None]:
    """The status codes of all targets for a request of the first user."""
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    exchange = sender.send(users.authorise(request, users.get(specs[0].name)))
    return set(map(status_of, exchange.outcomes.values()))


def test_guarded_operation_that_works_everywhere_verifies_a_log_in(tmp_path: Path) -> None:
    sender, _ = doors(tmp_path, api(), by_header())
    admission = found(sender)
    assert (admission.guarded_works, len(admission.specs)) == (True, 2)


def test_log_in_is_found_with_one_attempt(tmp_path: Path) -> None:
    sender, (old, _) = doors(tmp_path, api(), by_header())
    found(sender)
    assert old.asked == ["POST /users", "POST /login", "GET /me", "GET /me"]


def test_non_2xx_response_of_one_target_does_not_verify_a_log_in(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        wrong = door.name == "new" and request.path == "/me" and request.header("Authorization")
        return answer({"error": "odd"}, 422) if wrong else None

    sender, _ = doors(tmp_path, api(), by_header(), rules)
    admission = found(sender)
    assert (admission.specs, admission.guarded_works) == ((), False)
    assert (
        "`GET /me` with `Authorization: Bearer …` returned 200 on old, 422 on new"
        in (admission.notes[0])
    )
    assert '[log_in]\n    send = "Authorization: Token {token}"' in admission.notes[0]


def test_another_guarded_operation_may_verify_the_log_in(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        return answer(status=500) if (door.name, request.path) == ("new", "/me") else None

    paths = {"/a-longer-path": {"get": {"responses": OK}}}
    sender, _ = doors(tmp_path, api(paths=paths), by_header(), rules)
    assert found(sender).guarded_works


def test_open_path_with_a_response_per_user_verifies_the_log_in(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        user = door.tokens.get(door.reads(request) or "")
        return answer({"user": user}) if request.path == "/me" else None

    sender, _ = doors(tmp_path, api(), by_header(word="Token"), rules)
    sender.ledger.document.modern["components"]["securitySchemes"]["key"] = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
    }
    assert str(found(sender).specs[0].credential) == "Authorization: Token …"


def test_required_parameters_are_filled_in(tmp_path: Path) -> None:
    size = {"name": "size", "in": "query", "required": True, "schema": {"type": "integer"}}
    header = {"name": "X-Unit", "in": "header", "required": True, "schema": {"enum": ["m", "ft"]}}
    operation = {"parameters": [size, header], "responses": OK}

    def rules(_door: Door, request: Request) -> Outcome | None:
        if request.path.startswith("/area") and request.path != "/area?size=1":
            return answer(status=422)
        return answer(status=422) if request.header("X-Unit") == "ft" else None

    sender, (old, _) = doors(
        tmp_path, api(paths={"/me": None, "/area": {"get": operation}}), by_header(), rules
    )
    assert found(sender).guarded_works
    assert old.asked[-1] == "GET /area"


def test_guarded_creation_verifies_the_log_in_if_all_reads_need_ids(tmp_path: Path) -> None:
    made = {**sends(texts("title")), "responses": {"201": {"description": "made"}}}
    del made["security"]
    paths = {"/me": None, "/things/{id}": {"get": {"responses": OK}}, "/things": {"post": made}}
    sender, (old, _) = doors(tmp_path, api(paths=paths), by_header())
    assert found(sender).guarded_works
    assert old.asked[-1] == "POST /things"


def test_missing_log_in_is_the_first_note_of_a_run(tmp_path: Path) -> None:
    def rules(_door: Door, request: Request) -> Outcome | None:
        return answer(status=422) if request.path == "/me" else None

    sender, _ = doors(tmp_path, api(), by_header(), rules)
    run = Run(Settings(tmp_path / "openapi.json"))
    run.notes = ["something else"]
    run.log_in(sender.targets)
    assert run.settings.actors == ()
    assert run.notes[0].startswith("No operation that requires a login was tested: 1")
    assert run.notes[1] == "something else"


def test_two_users_may_share_one_token_on_one_target(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if door.name != "old" or request.path != "/login":
            return None
        door.tokens["always-the-same"] = "somebody"
        return answer({"token": "always-the-same"})

    sender, (old, new) = doors(tmp_path, api(), by_header(), rules)
    specs = found(sender).specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    alice, bob = users.get("alice"), users.get("bob")
    assert alice.token == bob.token == "always-the-same"
    shown = [
        sender.send(users.authorise(Request("GET", "/me"), user)).outcomes["new"]
        for user in (alice, bob)
    ]
    assert [one.body for one in shown if isinstance(one, Response)] == [
        b'{"user": "alice1a0b0c0d0001"}',
        b'{"user": "bob1a0b0c0d0002"}',
    ]
    assert len(old.tokens) == 1 < len(new.tokens)


def test_http_basic_uses_the_registered_account(tmp_path: Path) -> None:
    def read(request: Request) -> str | None:
        word, _, text = (request.header("Authorization") or "").partition(" ")
        return base64.b64decode(text).decode() if word == "Basic" else None

    def rules(door: Door, _request: Request) -> Outcome | None:
        door.tokens = {f"{name}:{password}": name for name, password in door.users.items()}
        return None

    document = api({"type": "http", "scheme": "basic"}, {"/login": None})
    sender, _ = doors(tmp_path, document, read, rules)
    admission = found(sender)
    assert (admission.guarded_works, admission.specs[0].token) == (True, "basic:username")
    assert statuses(sender, admission.specs, Request("GET", "/me")) == {200}


def test_http_digest_is_tried_with_the_registered_account(tmp_path: Path) -> None:
    document = api({"type": "http", "scheme": "digest"})
    sender, _ = doors(tmp_path, document, by_header())
    assert "`GET /me` with `Authorization: Digest …` returned 401" in found(sender).notes[0]


GRANT = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        name: {"type": "string"}
        for name in ("grant_type", "username", "password", "refresh_token", "client_id")
    },
}


@pytest.mark.parametrize(
    "endpoint",
    [texts("username", "password"), GRANT, None],
    ids=["documented", "by grant", "undocumented"],
)
def test_oauth_token_endpoint_receives_the_password_grant(tmp_path: Path, endpoint: Any) -> None:
    flows = {"password": {"tokenUrl": "oauth/token", "scopes": {}}}
    endpoints = {"/oauth/token": {"post": sends(endpoint, FORM)}} if endpoint is not None else {}
    paths = {"/login": None, **endpoints}

    def rules(door: Door, request: Request) -> Outcome | None:
        if request.path != "/oauth/token":
            return None
        given = body_of(request)
        if given.pop("grant_type", "") != "password":
            return answer({"error": "unsupported_grant_type"}, 400)
        return door.log_in(given)

    document = api({"type": "oauth2", "flows": flows}, paths)
    sender, _ = doors(tmp_path, document, by_header(), rules)
    admission = found(sender)
    assert admission.guarded_works
    assert statuses(sender, admission.specs, Request("GET", "/me")) == {200}


def test_log_in_includes_the_optional_user_name(tmp_path: Path) -> None:
    either = {**texts("username", "phone", "password"), "required": ["password"]}
    sender, _ = doors(tmp_path, api(paths={"/login": {"post": sends(either)}}), by_header())
    assert found(sender).guarded_works


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "apiKey", "in": "cookie", "name": "key"},
        {"type": "apiKey", "in": "header", "name": "X-Key"},
    ],
)
def test_api_key_is_sent_where_its_scheme_says(tmp_path: Path, scheme: dict[str, Any]) -> None:
    def read(request: Request) -> str | None:
        query = dict(part.split("=") for part in request.path.partition("?")[2].split("&") if part)
        cookies = sent_cookies(request)
        return query.get("key") or cookies.get("key") or request.header("X-Key")

    sender, _ = doors(tmp_path, api(scheme), read)
    assert found(sender).guarded_works


@pytest.mark.parametrize("names", [("access_token", "api_key"), ("api_key", "access_token")])
def test_two_secrets_of_one_log_in_are_sent_together(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """If both are in one security requirement object (OpenAPI 3.1, section 4.8.30)."""

    def rules(door: Door, request: Request) -> Outcome | None:
        if request.path != "/login":
            return None
        given = door.give(body_of(request)["username"])
        secrets = {"access_token": given, "api_key": f"key-of-{given}"}
        return answer({name: secrets[name] for name in names})

    def read(request: Request) -> str | None:
        token = (request.header("Authorization") or "").removeprefix("Bearer ")
        return token if request.header("X-Api-Key") == f"key-of-{token}" else None

    document = api()
    key = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}
    document["components"]["securitySchemes"]["own"] = key
    document["security"] = [{"own": [], "key": []}]
    sender, _ = doors(tmp_path, document, read, rules)
    admission = found(sender)
    assert admission.guarded_works
    assert "X-Api-Key: … and Authorization: Bearer …" in admission.notes[0]
    assert statuses(sender, admission.specs, Request("GET", "/me")) == {200}


def test_all_cookies_are_sent_and_a_csrf_cookie_as_its_header(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        cookies = sent_cookies(request)
        if request.path == "/login":
            given = body_of(request)
            session = door.give(given["username"])
            headers = {"Set-Cookie": f"sid={session}; Path=/; HttpOnly"}
            csrf = ("Set-Cookie", f"csrftoken=csrf-of-{session}; Path=/")
            place = ("Set-Cookie", "place=north; Path=/")
            made = answer(status=204, headers=headers)
            return Response(made.status, (*made.headers, csrf, place))
        if request.path == "/things":
            right = request.header("X-CSRFToken") == f"csrf-of-{cookies.get('sid')}"
            return None if right and cookies.get("place") == "north" else answer(status=403)
        return None

    paths = {"/things": {"post": {"responses": OK}}}
    document = api({"type": "apiKey", "in": "cookie", "name": "sid"}, paths)
    sender, _ = doors(tmp_path, document, by_cookie("sid"), rules)
    specs = found(sender).specs
    assert statuses(sender, specs, Request("POST", "/things")) == {200}
    users = ActorBook(sender, specs, random.Random(0), "2a0b0c0d")
    signed = users.authorise(Request("GET", "/me"), users.get("alice"))
    assert signed.header("X-CSRFToken") is None


def test_csrf_token_in_the_response_to_a_log_in_is_sent_with_the_session(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if request.path == "/login":
            session = door.give(body_of(request)["username"])
            cookie = {"Set-Cookie": f"sid={session}; Path=/; HttpOnly"}
            return answer({"csrf_token": f"csrf-of-{session}"}, headers=cookie)
        if request.path == "/things":
            right = f"csrf-of-{sent_cookies(request).get('sid')}"
            return None if request.header("X-Own-Csrf") == right else answer(status=403)
        return None

    both: list[dict[str, list[str]]] = [{"key": [], "csrf": []}]
    document = api(
        {"type": "apiKey", "in": "cookie", "name": "sid"},
        {"/things": {"post": {"responses": OK, "security": both}}},
    )
    header = {"type": "apiKey", "in": "header", "name": "X-Own-Csrf"}
    document["components"]["securitySchemes"]["csrf"] = header
    sender, _ = doors(tmp_path, document, by_cookie("sid"), rules)
    specs = found(sender).specs
    assert statuses(sender, specs, Request("POST", "/things")) == {200}


def test_page_that_sets_a_required_csrf_cookie_is_fetched_first(tmp_path: Path) -> None:
    def rules(_door: Door, request: Request) -> Outcome | None:
        csrf = sent_cookies(request).get("csrftoken")
        if request.method == "POST" and (not csrf or request.header("X-CSRFToken") != csrf):
            return answer({"detail": "CSRF cookie not set"}, 403)
        if (request.method, request.path) == ("GET", "/users"):
            return answer({}, headers={"Set-Cookie": "csrftoken=first-token; Path=/"})
        return None

    sender, (old, _) = doors(tmp_path, api(), by_header(), rules)
    admission = found(sender)
    assert (admission.guarded_works, admission.specs[0].opening) == (True, "/users")
    assert statuses(sender, admission.specs, Request("POST", "/me")) == {200}
    assert old.asked[-4:] == ["GET /users", "POST /users", "POST /login", "POST /me"]


def test_session_that_rotates_with_each_response_is_followed(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if request.path == "/login":
            user = body_of(request)["username"]
        else:
            user = door.tokens.pop(sent_cookies(request).get("sid", ""), "")
        if not user or request.path == "/users":
            return None
        return answer({"user": user}, headers={"Set-Cookie": f"sid={door.give(user)}"})

    document = api({"type": "apiKey", "in": "cookie", "name": "sid"})
    sender, _ = doors(tmp_path, document, by_cookie("sid"), rules)
    specs = found(sender).specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    alice = users.get("alice")
    written = users.authorise(Request("GET", "/me"), alice)
    for request in (written, users.authorise(Request("GET", "/me"), alice), written):
        exchange = sender.send(request)
        assert set(map(status_of, exchange.outcomes.values())) == {200}


def test_deliberately_invalid_session_is_sent_unchanged(tmp_path: Path) -> None:
    sender, _ = doors(
        tmp_path, api({"type": "apiKey", "in": "cookie", "name": "sid"}), by_cookie("sid")
    )
    specs = found(sender).specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    signed = users.authorise(Request("GET", "/me"), users.get("alice"))
    bad = specs[0].credential.put(signed, "no-such-session")
    exchange = sender.send(bad)
    assert {sent_cookies(one)["sid"] for one in exchange.requests.values()} == {"no-such-session"}
    assert set(map(status_of, exchange.outcomes.values())) == {401}


REGISTRATION = {
    "type": "object",
    "required": ["username", "password"],
    "properties": {
        "username": {"type": "string"},
        "password": {"type": "string"},
        "phone": {"type": "string", "pattern": r"^\+[0-9]+$"},
        "email": {"type": "string", "format": "email"},
    },
}


@pytest.mark.parametrize(
    "takes",
    [
        lambda given: "email" not in given,
        lambda given: "phone" in given,
        lambda given: "$" in given["password"],
    ],
)
def test_rejected_registration_is_retried_with_another_body(tmp_path: Path, takes: Any) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if (request.method, request.path, door.name) != ("POST", "/users", "new"):
            return None
        return None if takes(body_of(request)) else answer({"error": "no"}, 422)

    document = api(paths={"/users": {"post": sends(REGISTRATION)}})
    sender, _ = doors(tmp_path, document, by_header(), rules)
    admission = found(sender)
    assert admission.guarded_works
    assert statuses(sender, admission.specs, Request("GET", "/me")) == {200}


def test_rejected_registration_is_reported(tmp_path: Path) -> None:
    def rules(_door: Door, request: Request) -> Outcome | None:
        return answer({"error": "closed"}, 403) if request.path == "/users" else None

    document = api(paths={"/users": {"post": sends(REGISTRATION)}})
    sender, (old, _) = doors(tmp_path, document, by_header(), rules)
    (note,) = found(sender).notes
    assert 'POST /users on old: 403 b\'{"error": "closed"}\' (and 3 more attempts' in note
    assert '[register]\n    operation = "POST /users"\n    json = { username = ' in note
    assert old.asked.count("POST /users") == 4


def test_unique_properties_are_unique(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "username": {"type": "string"},
            "password": {"type": "string"},
            "phone": {"type": "string"},
            "id": {"type": "string", "format": "uuid"},
            "badge": {"type": "string", "description": "Must be unique"},
            "plan": {"enum": ["free"]},
        },
    }
    seen: set[str] = set()

    def rules(_door: Door, request: Request) -> Outcome | None:
        if request.path != "/users" or _door.name == "new":
            return None
        given = body_of(request)
        new = {given[name] for name in ("phone", "id", "badge")}
        clash = bool(new & seen)
        seen.update(new)
        return answer({"error": "taken"}, 409) if clash else None

    sender, _ = doors(tmp_path, api(paths={"/users": {"post": sends(schema)}}), by_header(), rules)
    specs = found(sender).specs
    users = ActorBook(sender, specs, random.Random(0), "1a0b0c0d")
    assert {users.get(name).spec.name for name in ("alice", "bob")} == {"alice", "bob"}
    assert len(seen) == 9


def test_log_in_is_retried_with_another_identifier(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if (request.method, request.path) != ("POST", "/login"):
            return None
        given = body_of(request)
        return door.log_in({"username": given["login"], "password": given["password"]})

    schema = {**REGISTRATION, "required": ["username", "email", "password"]}
    paths = {
        "/users": {"post": sends(schema)},
        "/login": {"post": sends(texts("login", "password"))},
    }
    sender, (old, _) = doors(tmp_path, api(paths=paths), by_header(), rules)
    assert found(sender).guarded_works
    assert old.asked.count("POST /users") == 1


def test_registration_token_is_used_if_the_log_in_fails(tmp_path: Path) -> None:
    def rules(door: Door, request: Request) -> Outcome | None:
        if request.path == "/login":
            return answer({"error": "confirm your address first"}, 403)
        if request.path == "/users":
            return answer({"token": door.give(body_of(request)["username"])}, 201)
        return None

    sender, _ = doors(tmp_path, api(), by_header(), rules)
    admission = found(sender)
    assert (admission.guarded_works, admission.specs[0].login) == (True, None)


def test_configured_token_is_accepted_without_a_verified_operation(tmp_path: Path) -> None:
    def rules(_door: Door, request: Request) -> Outcome | None:
        known = request.path == "/me" and request.header("Authorization") == "Bearer robot-token"
        return answer({"error": "no profile"}, 404) if known else None

    sender, _ = doors(tmp_path, api(), by_header(), rules)
    draft = ActorSpec("robot", tokens={"*": "robot-token"}, token="", credential=UNKNOWN)
    settled = settle(sender, draft, NONCE)
    assert (str(settled.spec.credential), settled.works) == ("Authorization: Bearer …", False)


def test_bearer_scheme_follows_its_example(tmp_path: Path) -> None:
    scheme = {
        **BEARER_SCHEME,
        "description": "Send `Authorization: Token abc123` with each request",
    }
    sender, (old, _) = doors(tmp_path, api(scheme), by_header(word="Token"))
    assert found(sender).guarded_works
    assert old.asked.count("GET /me") == 2


def test_what_is_found_at_the_log_in_is_reproduced_with_the_token_of_each_target(
    tmp_path: Path,
) -> None:
    tokens = {"left": "first-token-0123456789", "right": "second-token-0123456789"}

    def target(name: str, items: list[str]) -> Scripted:
        def answers(request: Request) -> Outcome:
            is_user = request.header("authorization") == f"Bearer {tokens[name]}"
            return answer(items) if is_user else answer({}, 401)

        return Scripted(name, answers)

    listed = {"operationId": "list", "security": [{"token": []}], "responses": {"200": {}}}
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    document = tmp_path / "openapi.json"
    described = {"openapi": "3.1.0", "paths": {"/items": {"get": listed}}}
    document.write_text(json.dumps({**described, "components": {"securitySchemes": schemes}}))
    robot = ActorSpec("robot", tokens=tokens, token="", credential=UNKNOWN)
    run = Run(Settings(document, actors=(robot,), require_coverage=False))
    targets = [target("left", ["a"]), target("right", ["b"])]
    run.log_in(targets)
    run.confirm_all(targets)
    differing = [one for one in run.finish().findings if one.category == PARITY]
    assert [(one.where, one.reproduced) for one in differing] == [("body /*", True)]
