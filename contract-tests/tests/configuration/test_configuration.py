"""`lockstep.toml`: errors name their line, and command-line options take precedence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.notes_server import DOCUMENT

from lockstep.configuration import ConfigurationError, make_plan
from lockstep.configuration.lines import line_of
from lockstep.configuration.reading import read
from lockstep.configuration.states import State, StateError
from lockstep.configuration.users import make_actors, parse_credential, user_of_headers
from lockstep.matching.rules import Rule
from lockstep.openapi.document import Document
from lockstep.schemas import load_schema
from lockstep.transport.credentials import UNKNOWN, Credential
from lockstep.transport.targets import Target

Write = Callable[[str], Path]

EXAMPLE = Path(__file__).parents[2] / "lockstep.example.toml"

FULL = """
document = "api.yaml"
seed = 5
profile = "quick"
phases = ["coverage"]
tolerance = 2
timeout = 3

[headers]
X-All = "a"

[[targets]]
name = "old"
url = "http://localhost:1/api"

[[targets]]
name = "new"
url = "http://localhost:2"
timeout = 9
headers = { X-Own = "b", Authorization = "Bearer ${SECRET_TOKEN}" }

[[rules]]
operation = "getNote"
where = "/size"
tolerance = 0.5
reason = "rounded"

[stories]
folder = "stories"

[output]
html = "build/report.html"
json = "-"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A function that writes a configuration to the working directory."""
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> Path:
        path = tmp_path / "lockstep.toml"
        path.write_text(text)
        return path

    return written


def test_file_configures_a_whole_run(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret-value")
    folder = write(FULL).parent
    plan = make_plan({}, folder / "lockstep.toml")
    old, new = plan.targets()
    settings = plan.settings()
    assert plan.document == folder / "api.yaml"
    assert (old.base_url, old.timeout, old.headers) == (
        "http://localhost:1/api",
        3,
        (("X-All", "a"),),
    )
    assert (new.timeout, dict(new.headers)["Authorization"]) == (9, "Bearer s3cret-value")
    assert (settings.seed, settings.tolerance, settings.fuzz.max_examples) == (5, 2, 5)
    assert settings.fuzz.phases == ("coverage",)
    assert settings.rules == (Rule("getNote", "/size", "tolerance", "rounded", 0.5),)
    assert settings.secrets == {"s3cret-value"}
    assert plan.folder("stories") == folder / "stories"
    assert plan.outputs() == {"json": "-", "html": str(folder / "build" / "report.html")}


def test_command_line_options_take_precedence(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret-value")
    write(FULL)
    plan = make_plan(
        {
            "document": "/other.yaml",
            "seed": 1,
            "headers": {"X-More": "c"},
            "targets": [{"name": "new", "url": "http://localhost:3"}],
            "target_headers": {"new": {"X-Own": "d"}},
        }
    )
    (new,) = plan.targets()
    assert (str(plan.document), plan.settings().seed) == ("/other.yaml", 1)
    assert (new.base_url, new.timeout) == ("http://localhost:3", 9)
    assert dict(new.headers) == {
        "X-All": "a",
        "X-More": "c",
        "X-Own": "d",
        "Authorization": "Bearer s3cret-value",
    }


def test_file_that_was_not_named_is_noted(write: Write) -> None:
    path = write('document = "openapi.yaml"\n')
    assert make_plan({"document": "other.yaml"}).notes == ("the settings in lockstep.toml apply",)
    assert make_plan({}).notes == ()
    assert make_plan({"document": "other.yaml"}, path).notes == ()


def test_every_error_is_reported_with_its_line(write: Write) -> None:
    path = write(
        'seeed = 1\nprofile = "fast"\n\n[[targets]]\nname = "old"\n\n[[targets]]\n'
        'name = "new"\nurl = "${NOT_SET}"\n\n[[rules]]\nreason = "x"\n\n[[rules]]\n'
        'ignore = true\nunordered = true\nreason = "y"\n'
    )
    with pytest.raises(ConfigurationError) as raised:
        read(path)
    faults = str(raised.value).splitlines()
    assert sorted(fault.removeprefix(str(path)) for fault in faults) == [
        ":11: rules[1]: one of ignore, unordered, tolerance, statuses_alike is needed",
        ":14: rules[2]: only one of ignore, unordered, tolerance, statuses_alike is possible",
        ":1: seeed: unknown; did you mean seed?",
        ':2: profile: "fast" is not one of "quick", "default" or "deep" (How much to generate)',
        ":4: targets[1]: url is missing",
        ":9: targets[2].url: the environment variable NOT_SET is not set",
    ]


def test_table_instead_of_an_array_of_tables_is_reported(write: Write) -> None:
    with pytest.raises(ConfigurationError, match=r":1: targets: .*begin each of them with \[\[tar"):
        read(write('[targets]\nold = "http://localhost:1"\n'))


def test_toml_syntax_error_is_reported_with_its_line(write: Write) -> None:
    path = write('seed = 1\n\nprofile = quick"\n')
    with pytest.raises(ConfigurationError, match=rf"^{path}:3: "):
        read(path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["a"], 1),
        (["t"], 4),
        (["t", "b", 1], 5),
        (["u", 0], 8),
        (["u", 1, "name"], 11),
        (["u", 1, "v", "q"], 12),
        (["u", 1, "absent"], 10),
        (["absent"], 1),
    ],
)
def test_line_of_a_value(path: list[str | int], line: int) -> None:
    text = 'a = 1\n\n# x\n[t]\nb = [\n 1,\n 2]\n[[u]]\nname = "x"\n[[u]]\nname = "y"\n'
    assert line_of(text + 'v = { q = "1" }\n', path) == line


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "no OpenAPI document"),
        ({"document": "x"}, "no targets"),
        ({"document": "x", "targets": [{"name": "a", "url": "b"}]}, "not an http"),
        ({"document": "x", "targets": [{"name": "a", "url": "http://b"}] * 2}, "the same name"),
    ],
)
def test_missing_settings_are_reported(
    write: Write, given: dict[str, object], message: str
) -> None:
    write("")
    plan = make_plan(given)
    with pytest.raises(ConfigurationError, match=message):
        (plan.document, plan.targets())


def test_users_are_completed_from_the_document(write: Write) -> None:
    path = write(
        '[log_in]\noperation = "POST /sessions"\nsend = "X-Key: Token {token}"\n'
        '[[users]]\nname = "ann"\nvalues = { name = "Ann", password = "p" }\n'
        'values_for = { new = { password = "q" } }\navoid = ["createNote"]\n'
        '[[users]]\nname = "robot"\ntokens = { old = "1", new = "2" }\nsend = "cookie:sid"\n'
    )
    ann, robot = make_actors(read(path), Document.load(DOCUMENT))
    assert ann.login is not None
    assert ann.login.json == {"name": "${name}", "password": "${password}"}
    assert (ann.register, ann.token, list(ann.avoid)) == (None, "", ["createNote"])
    assert ann.credential == Credential("header", "X-Key", "Token {token}")
    assert ann.values_for == {"new": {"password": "q"}}
    assert robot.tokens_at(["old", "new"]) == {"old": "1", "new": "2"}
    assert robot.credential == Credential("cookie", "sid", "{token}")


def test_unknown_operations_are_reported(write: Write) -> None:
    path = write('[log_in]\noperation = "logInn"\n[[users]]\nname = "a"\navoid = ["x"]\n')
    with pytest.raises(ConfigurationError) as raised:
        make_actors(read(path), Document.load(DOCUMENT))
    first, second = str(raised.value).splitlines()
    assert f"{path}:2: log_in.operation: the document has no operation logInn; it has " in first
    assert f"{path}:5: users[1].avoid[1]: the document has no operation x" in second


def test_users_are_detected_if_none_are_configured(write: Write) -> None:
    document = Document.load(DOCUMENT)
    assert make_actors(read(write("seed = 1")), document) == ()
    alice, bob = make_actors(
        read(write('[register]\noperation = "registerUser"')),
        document,
    )
    assert (alice.name, bob.name, alice.credential, alice.token) == ("alice", "bob", UNKNOWN, "")


def test_only_the_token_header_may_be_configured(write: Write) -> None:
    path = write('[log_in]\nsend = "Authorization: Token {token}"\n')
    document = Document.load(DOCUMENT)
    alice, bob = make_actors(read(path), document)
    assert (alice.name, bob.name, alice.token) == ("alice", "bob", "")
    assert alice.credential == Credential("header", "Authorization", "Token {token}")
    assert (alice.login, alice.register) == (alice.entrances[0].login, alice.entrances[0].register)
    assert alice.login is not None
    assert alice.register is not None


def test_only_the_registration_body_may_be_configured(write: Write) -> None:
    path = write('[register]\njson = { name = "${actor}${unique}", password = "p", plan = "x" }\n')
    alice, _ = make_actors(read(path), Document.load(DOCUMENT))
    assert alice.register is not None
    assert alice.register.operation == "registerUser"
    assert alice.register.json["plan"] == "x"
    assert alice.entrances == ()


def test_http_basic_account_needs_no_log_in(write: Write) -> None:
    path = write(
        '[log_in]\nsend = "Authorization: Basic {token}"\n'
        '[[users]]\nname = "ann"\nvalues = { username = "ann", password = "p" }\n'
    )
    document = Document.load(DOCUMENT)
    del document.operations["logIn"]
    (ann,) = make_actors(read(path), document)
    assert (ann.login, ann.register, str(ann.credential)) == (
        None,
        None,
        "Authorization: Basic …",
    )


def test_target_header_of_a_security_scheme_becomes_a_user() -> None:
    document = Document.load(DOCUMENT)
    targets = [
        Target(name, "http://h", headers=(("authorization", f"Bearer {name}"), ("A", "1")))
        for name in ("old", "new")
    ]
    user = user_of_headers(targets, document)
    assert user is not None
    assert user.tokens == {"old": "Bearer old", "new": "Bearer new"}
    assert user.credential == Credential("header", "Authorization", "{token}")
    assert [target.headers for target in targets] == [(("A", "1"),)] * 2
    assert user_of_headers(targets, document) is None


def test_insufficient_credential_header_stays_a_target_header() -> None:
    raw = Document.load(DOCUMENT).raw
    key = {"type": "apiKey", "in": "header", "name": "X-Key"}
    schemes = {**raw["components"]["securitySchemes"], "own": key}
    raw["security"] = [{**each, "own": []} for each in raw["security"]]
    raw["components"] = {**raw["components"], "securitySchemes": schemes}
    targets = [Target("old", "http://h", headers=(("X-Key", "a"),))]
    assert user_of_headers(targets, Document(raw)) is None
    assert targets[0].headers == (("X-Key", "a"),)


def test_target_header_stays_where_no_operation_takes_a_user() -> None:
    raw = {key: value for key, value in Document.load(DOCUMENT).raw.items() if key != "security"}
    raw["components"] = {**raw["components"], "securitySchemes": {}}
    targets = [Target("old", "http://h", headers=(("Authorization", "token a"),))]
    assert user_of_headers(targets, Document(raw)) is None
    assert targets[0].headers == (("Authorization", "token a"),)


@pytest.mark.parametrize(
    ("text", "credential"),
    [
        ("Authorization: Token {token}", Credential("header", "Authorization", "Token {token}")),
        ("Authorization: Token", Credential("header", "Authorization", "Token {token}")),
        ("X-Key", Credential("header", "X-Key", "{token}")),
        ("cookie:sid", Credential("cookie", "sid", "{token}")),
        ("query:key", Credential("query", "key", "{token}")),
    ],
)
def test_credential_is_parsed_from_one_line(text: str, credential: Credential) -> None:
    assert parse_credential(text) == credential


def test_state_is_set_up_by_a_command(tmp_path: Path) -> None:
    targets = [Target("old-1", "http://h:1/a")]
    State("clean", command=f'echo "$LOCKSTEP_TARGET_OLD_1" > {tmp_path}/seen').bring_about(targets)
    assert (tmp_path / "seen").read_text() == "http://h:1/a\n"
    with pytest.raises(StateError, match="clean: `echo no; exit 3` exited with 3: no"):
        State("clean", command="echo no; exit 3").bring_about(targets)


def test_example_is_valid_and_covers_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    users = ("KEY_PASSWORD", "ANN_PASSWORD", "CARL_PASSWORD", "WORKER_SECRET")
    databases = ("OLD_PASSWORD", "NEW_PASSWORD")
    for name in ("GATEWAY_KEY", *users, *databases, "OLD_TOKEN", "NEW_TOKEN"):
        monkeypatch.setenv(name, f"{name} value")
    source = read(EXAMPLE)
    schema = load_schema("configuration")
    assert schema["properties"].keys() == source.data.keys()
    assert len(source.secrets) == 9


def test_example_comments_each_key_and_mentions_no_specific_api() -> None:
    lines = EXAMPLE.read_text().splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in said if not re.search(r"\S +# \S", line)] == []
    assert [line for line in said if re.search("article|slug|comment|realworld", line, re.I)] == []
