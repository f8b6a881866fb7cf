"""`lockstep run` sends the configured credentials that a document requires, and prints none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.guarded import (
    Digest,
    Guard,
    Notes,
    TokenServer,
    basic,
    by_cookie,
    by_header,
    by_query,
    document,
    guarded,
)

from lockstep.cli import main

ANN = '[[users]]\nname = "ann"\nvalues = { username = "ann", password = "${ANN_PASSWORD}" }\n'
ROBOT = (
    '[[users]]\nname = "robot"\n'
    'values = { client_id = "robot", client_secret = "${ROBOT_SECRET}" }\n'
)
KEY = '[[users]]\nname = "ann"\ntoken = "${ANN_KEY}"\n'
SECRETS = {
    "ANN_PASSWORD": "Correct-Horse-7",
    "ROBOT_SECRET": "s3cr3t-of-robot",
    "ANN_KEY": "key-of-ann-17",
}
BASIC_TEXT = "YW5uOkNvcnJlY3QtSG9yc2UtNw=="
AT = {"tokenUrl": "/oauth/token", "scopes": {"notes:read": "", "notes:write": ""}}


@dataclass
class Ran:
    """The exit code of a run, all of its output, and the requests that the servers received."""

    exit_code: int
    data: dict[str, Any]
    text: str
    servers: list[Notes] = field(default_factory=list)

    def statuses(self, at: int = 0) -> set[int]:
        """The status codes that one server sent for paths below `/notes`."""
        return {status for _, path, status in self.servers[at].log if "/notes" in path}


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs the command against two servers, the second of which may have faults."""

    def start(
        raw: Mapping[str, Any],
        config: str,
        guards: tuple[Guard, Guard],
        *options: str,
        faults: tuple[str, ...] = (),
        settings: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
    ) -> Ran:
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        # Raw requests wait for timeouts, and have nothing to do with credentials.
        monkeypatch.setattr("lockstep.run.Run.general_traps", lambda *_: None)
        spec, toml = tmp_path / "openapi.json", tmp_path / "lockstep.toml"
        spec.write_text(json.dumps(raw))
        toml.write_text(config)
        report, page = tmp_path / "report.json", tmp_path / "report.html"
        with ExitStack() as stack:
            pairs = [
                stack.enter_context(guarded("old", guards[0], **settings[0])),
                stack.enter_context(guarded("new", guards[1], *faults, **settings[1])),
            ]
            targets = [f"--target={target.name}={target.base_url}" for target, _ in pairs]
            done = CliRunner().invoke(
                main,
                [
                    *("run", str(spec), f"--config={toml}", *targets, "--phase=examples"),
                    *(f"--json={report}", f"--html={page}", *options),
                ],
            )
        assert report.exists(), done.output
        text = done.output + report.read_text() + page.read_text()
        data = json.loads(report.read_text())
        return Ran(done.exit_code, data, text, [notes for _, notes in pairs])

    return start


def works(ran: Ran) -> None:
    """Assert that guarded operations succeeded, others were refused, and no secret was printed."""
    assert ran.exit_code == 0, ran.text
    for at in range(2):
        assert {200, 201, 204, 401} <= ran.statuses(at)
    assert ran.data["untested"] == []
    for secret in (*SECRETS.values(), BASIC_TEXT):
        assert secret not in ran.text


def test_basic(run: Run) -> None:
    settings = {"challenge": lambda: 'Basic realm="notes"'}
    raw = document({"type": "http", "scheme": "basic"})
    works(run(raw, ANN, (basic, basic), settings=(settings, settings)))


def test_findings_do_not_show_the_basic_password(run: Run) -> None:
    raw = document({"type": "http", "scheme": "basic"})
    ran = run(raw, ANN, (basic, basic), faults=("loses",))
    assert ran.exit_code == 1
    assert "Authorization: Basic ***" in ran.text
    assert BASIC_TEXT not in ran.text


@pytest.mark.parametrize(
    ("algorithm", "qop", "uses"),
    [("SHA-256", "auth", 9), ("MD5", "auth", 1), ("MD5", "", 100), ("", "auth", 100)],
)
def test_digest(run: Run, algorithm: str, qop: str, uses: int) -> None:
    old, new = (Digest(n, algorithm=algorithm, qop=qop, uses=uses) for n in ("old", "new"))
    settings = ({"challenge": old.challenge}, {"challenge": new.challenge})
    raw = document({"type": "http", "scheme": "digest"})
    works(run(raw, ANN, (old, new), settings=settings))


def test_curl_command_of_a_finding_uses_digest(run: Run) -> None:
    old, new = Digest("old"), Digest("new")
    settings = ({"challenge": old.challenge}, {"challenge": new.challenge})
    raw = document({"type": "http", "scheme": "digest"})
    ran = run(raw, ANN, (old, new), settings=settings, faults=("loses",))
    assert ran.exit_code == 1
    assert "--digest --user ann:***" in ran.text
    assert SECRETS["ANN_PASSWORD"] not in ran.text


@pytest.mark.parametrize(
    ("scheme", "guard"),
    [
        ({"in": "query", "name": "api_key"}, by_query("api_key", SECRETS["ANN_KEY"])),
        ({"in": "query", "name": "app key"}, by_query("app key", SECRETS["ANN_KEY"])),
        ({"in": "header", "name": "X-Tenant"}, by_header("X-Tenant", SECRETS["ANN_KEY"])),
        ({"in": "cookie", "name": "sid"}, by_cookie("sid", SECRETS["ANN_KEY"])),
    ],
)
def test_api_keys(run: Run, scheme: dict[str, str], guard: Guard) -> None:
    works(run(document({"type": "apiKey", **scheme}), KEY, (guard, guard)))


@pytest.mark.parametrize(
    ("shows", "scope", "scopes"),
    [
        ("body", "", ()),
        ("basic", "", ()),
        ("body", "notes:read notes:write", ("notes:read", "notes:write")),
        ("basic", "notes:read", ("notes:read",)),
        ("body", "", ("unknown:scope",)),
    ],
)
def test_client_credentials(run: Run, shows: str, scope: str, scopes: tuple[str, ...]) -> None:
    servers = [TokenServer(name, shows=shows, scope=scope) for name in ("old", "new")]
    settings = [{"endpoints": {"POST /oauth/token": each.give}} for each in servers]
    raw = document({"type": "oauth2", "flows": {"clientCredentials": AT}}, scopes=scopes)
    works(run(raw, ROBOT, (servers[0], servers[1]), settings=(settings[0], settings[1])))


CLIENT = {
    "type": "object",
    "required": ["client_name"],
    "properties": {"client_name": {"type": "string", "minLength": 1, "maxLength": 60}},
}
ISSUED = {
    "allOf": [
        CLIENT,
        {"properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}}},
    ]
}
FORM = {"type": "object", "properties": {"grant_type": {"type": "string"}}}
REGISTRATION = {
    "/clients": {
        "post": {
            "security": [],
            "requestBody": {"required": True, "content": {"application/json": {"schema": CLIENT}}},
            "responses": {
                "201": {"description": "ok", "content": {"application/json": {"schema": ISSUED}}}
            },
        }
    },
    "/oauth/token": {
        "post": {
            "security": [],
            "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": FORM}}},
            "responses": {"200": {"description": "ok"}, "401": {"description": "who?"}},
        }
    },
}


def registering(
    run: Run, shows: str, *faults: str, limits: tuple[bool, bool] = (False, False)
) -> Ran:
    both = zip(("old", "new"), limits, strict=True)
    servers = [TokenServer(name, shows=shows, limits=each) for name, each in both]
    settings = [
        {"endpoints": {"POST /clients": each.register, "POST /oauth/token": each.give}}
        for each in servers
    ]
    scopes = ("notes:read", "notes:write") if any(limits) else ()
    scheme = {"type": "oauth2", "flows": {"clientCredentials": AT}}
    raw = document(scheme, paths=REGISTRATION, scopes=scopes)
    options = ("--include=/notes*",)
    pair = (servers[0], servers[1])
    return run(raw, "", pair, *options, settings=(settings[0], settings[1]), faults=faults)


@pytest.mark.parametrize("shows", ["body", "basic"])
def test_clients_that_anyone_registers_use_what_they_are_issued(run: Run, shows: str) -> None:
    ran = registering(run, shows)
    assert ran.exit_code == 0, ran.text
    for at in range(2):
        assert {200, 201, 204, 401} <= ran.statuses(at)


@pytest.mark.parametrize(
    ("limits", "operations"),
    [((True, True), set()), ((True, False), {"POST /notes", "DELETE /notes/{id}"})],
)
def test_a_scope_that_one_target_does_not_require_is_found(
    run: Run, limits: tuple[bool, bool], operations: set[str]
) -> None:
    ran = registering(run, "body", limits=limits)
    found = [each for each in ran.data["findings"] if each["category"] == "parity"]
    assert {place["operation"] for each in found for place in each["places"]} == operations


@pytest.mark.parametrize("shows", ["body", "basic"])
def test_a_finding_is_reproduced_with_a_new_client(run: Run, shows: str) -> None:
    ran = registering(run, shows, "loses")
    (finding,) = (each for each in ran.data["findings"] if each["category"] == "parity")
    assert finding["reproduced"]
    paths = [each["request"]["path"] for each in finding["steps"]]
    assert paths[:2] == ["/clients", "/oauth/token"]


@pytest.mark.parametrize(
    ("url", "served", "base"),
    [
        ("/oauth/token", "/oauth/token", "/api/v1"),
        ("/api/v1/token", "/api/v1/token", "/api/v1"),
        ("token", "/api/v1/token", "/api/v1"),
        ("/token", "/api/v1/token", "/api/v1"),
        ("https://login.example.com/oauth/token", "/oauth/token", "/api/v1"),
    ],
)
def test_token_endpoint_may_be_outside_the_base_path(
    run: Run, url: str, served: str, base: str
) -> None:
    servers = [TokenServer(name) for name in ("old", "new")]
    settings = [{"endpoints": {f"POST {served}": s.give}, "prefix": base} for s in servers]
    flow = {"tokenUrl": url, "scopes": {}}
    raw = document({"type": "oauth2", "flows": {"clientCredentials": flow}}, base=base)
    works(run(raw, ROBOT, (servers[0], servers[1]), settings=(settings[0], settings[1])))


def test_open_id_connect(run: Run) -> None:
    servers = [TokenServer(name) for name in ("old", "new")]
    known = {"token_endpoint": "https://id.example.com/protocol/token"}
    settings = [
        {
            "endpoints": {
                "GET /.well-known/openid-configuration": lambda _h, _b: (200, known),
                "POST /protocol/token": each.give,
            }
        }
        for each in servers
    ]
    url = "https://id.example.com/.well-known/openid-configuration"
    raw = document({"type": "openIdConnect", "openIdConnectUrl": url})
    works(run(raw, ROBOT, (servers[0], servers[1]), settings=(settings[0], settings[1])))


@pytest.mark.parametrize("shows", ["body", "basic"])
def test_token_endpoint_from_the_configuration(run: Run, shows: str) -> None:
    servers = [TokenServer(name, shows=shows) for name in ("old", "new")]
    settings = [{"endpoints": {"POST /connect/token": each.give}} for each in servers]
    raw = document({"type": "http", "scheme": "bearer"})
    config = f'{ROBOT}[log_in]\noperation = "POST /connect/token"\n'
    works(run(raw, config, (servers[0], servers[1]), settings=(settings[0], settings[1])))


def test_cookie_option_becomes_a_user_and_not_a_target_header(run: Run) -> None:
    guard = by_cookie("sid", SECRETS["ANN_KEY"])
    raw = document({"type": "apiKey", "in": "cookie", "name": "sid"})
    cookie = f"--header=Cookie: theme=dark; sid={SECRETS['ANN_KEY']}"
    works(run(raw, "", (guard, guard), cookie))
