"""The probes send all standard variants, one change at a time, and find the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.files_server import DOCUMENT as FILES
from fixtures.files_server import make_files
from fixtures.flask_servers import Variant, pair
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed
from flask import Flask

from lockstep.drivers.probes.credentials import altered_token
from lockstep.drivers.probes.driver import MOST_OF_ONE, probe
from lockstep.drivers.probes.members import invalid, values, variants, without
from lockstep.drivers.probes.paths import slash
from lockstep.drivers.walk.bodies import with_member
from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.parameters import with_query
from lockstep.openapi.document import Document
from lockstep.results.conditions import kinds_of
from lockstep.results.exchange import Exchange
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, status_of

APIS: dict[str, tuple[Callable[[Variant], Flask], Path]] = {
    "blog": (make_blog, BLOG),
    "shed": (make_shed, SHED),
    "files": (make_files, FILES),
}


def probed(api: str, *faults: str) -> tuple[Run, list[Exchange]]:
    """Return the run with the probes of two servers after a walk, and the exchanges."""
    make, document = APIS[api]
    seen: list[Exchange] = []
    with pair(make, *faults) as targets:
        run = Run(Settings(document, require_coverage=False))
        run.smoke(targets)
        run.log_in(targets)
        with run.stage("probes", targets), run.lane("probes", targets) as (exchanger, actors):
            maker = walk(exchanger, actors, lambda *_: None)
            exchanger.listeners.append(lambda exchange, _: seen.append(exchange))
            probe(maker)
    return run, seen


@pytest.fixture(scope="module")
def blog() -> tuple[Run, list[Exchange]]:
    """The probes of two equal blogs."""
    return probed("blog")


@pytest.fixture(scope="module")
def shed() -> tuple[Run, list[Exchange]]:
    """The probes of two equal tool sheds."""
    return probed("shed")


def conditions(exchanges: list[Exchange], label: str) -> set[str]:
    return {kind for each in exchanges if each.label == label for kind in kinds_of(each.conditions)}


def test_all_probes_are_sent_to_an_operation_that_changes_a_resource(
    shed: tuple[Run, list[Exchange]],
) -> None:
    assert conditions(shed[1], "change-tool") >= {
        *("no credentials", "bad credentials", "unknown thing", "deleted thing", "another's thing"),
        *("wrong type", "out of bounds", "unreadable body", "media type", "no body", "second time"),
    }


def test_all_probes_are_sent_to_an_operation_that_creates_a_resource(
    blog: tuple[Run, list[Exchange]],
) -> None:
    assert conditions(blog[1], "CreateArticle") >= {
        *("no credentials", "bad credentials", "missing", "wrong type", "duplicate", "notable"),
        *("unreadable body", "no body", "media type", "second time"),
    }


def test_registration_and_log_in_are_probed_too(blog: tuple[Run, list[Exchange]]) -> None:
    _, seen = blog
    assert conditions(seen, "POST /users") >= {"missing", "wrong type", "duplicate", "second time"}
    answered = {status_of(each.leader) for each in seen if each.label == "Login"}
    assert {200, 422} <= answered


def test_undocumented_paths_are_probed_once(shed: tuple[Run, list[Exchange]]) -> None:
    tried = Counter(
        (each.request.method, each.label)
        for each in shed[1]
        if kinds_of(each.conditions) == {"undocumented method"}
    )
    assert ("DELETE", "DELETE /tools") in tried
    assert set(tried.values()) == {1}
    assert any("unknown path" in kinds_of(each.conditions) for each in shed[1])
    assert "/tools/" in {each.request.path for each in shed[1]}


def test_probes_are_limited_and_find_nothing_between_equal_servers(
    blog: tuple[Run, list[Exchange]], shed: tuple[Run, list[Exchange]]
) -> None:
    for run, seen in (blog, shed):
        operations = len(run.document.operations)
        # Some probes send prerequisites first.
        assert len(seen) < 2 * MOST_OF_ONE * operations
        verdict = run.finish()
        assert [each for each in verdict.findings if each.category == "parity"] == []
        assert verdict.problems == []


def test_a_required_header_is_omitted_and_an_unknown_file_requested() -> None:
    run, seen = probed("files")
    without_tenant = [each for each in seen if each.request.header("X-Tenant") is None]
    assert {status_of(each.leader) for each in without_tenant if "/files" in each.label} <= {400}
    assert "missing" in conditions(seen, "read-file")
    assert "media type" in conditions(seen, "store-file")
    assert [each for each in run.finish().findings if each.category == "parity"] == []


@pytest.mark.parametrize(
    ("api", "fault", "operation"),
    [
        ("blog", "foreign", "UpdateArticle"),
        ("shed", "long_name", "add-tool"),
    ],
)
def test_a_difference_that_one_probe_shows_is_found(api: str, fault: str, operation: str) -> None:
    run, _ = probed(api, fault)
    # A finding of several operations is named after the one that shows it in the fewest steps.
    findings = run.finish().findings
    assert operation in {place.operation for finding in findings for place in finding.places}


DOCUMENT = Document(
    {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {},
        "components": {
            "schemas": {
                "Note": {
                    "type": "object",
                    "required": ["title", "size"],
                    "properties": {
                        "title": {"type": "string", "minLength": 2, "maxLength": 40},
                        "size": {"type": "integer", "minimum": 5, "maximum": 9},
                        "state": {"type": "string", "enum": ["open"]},
                        "day": {"type": "string", "format": "date"},
                        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                        "note": {"type": ["string", "null"]},
                        "id": {"type": "string", "readOnly": True},
                    },
                }
            }
        },
    }
)
NOTE = {"$ref": "#/components/schemas/Note"}
PLAIN = {"title": "aa", "size": 5}


def test_each_variant_changes_one_member() -> None:
    found = {each.reason: each.value for each in variants(DOCUMENT, NOTE, PLAIN)}
    assert found["without title"] == {"size": 5}
    assert found["title is too short"]["title"] == "b"
    assert len(found["title is too long"]["title"]) == 41
    assert len(found["title is as long as allowed"]["title"]) == 40
    assert [found[f"size is {how}"]["size"] for how in ("too small", "too large")] == [4, 10]
    assert found["state is none of its values"]["state"] == "lockstep-none"
    assert found["day has not its format"]["day"] == "lockstep none"
    assert len(found["tags has too many elements"]["tags"]) == 3
    assert found["note is null"] == {**PLAIN, "note": None}
    assert "\0" in found["title has NUL in it"]["title"]
    assert found["title is in capital letters"]["title"].startswith("LOCKSTEP")
    assert not any(reason.startswith("id ") for reason in found)
    assert found["a member that is not documented"] == {**PLAIN, "lockstep_unknown": "lockstep"}
    for value in found.values():
        assert sum(value.get(name) != PLAIN.get(name) for name in {*value, *PLAIN}) <= 1


def test_a_nested_body_is_changed_inside() -> None:
    schema = {"type": "object", "required": ["note"], "properties": {"note": NOTE}}
    found = {each.reason: each.value for each in variants(DOCUMENT, schema, {"note": PLAIN})}
    assert found["without note/title"] == {"note": {"size": 5}}
    assert found["a member that is not documented"]["note"]["lockstep_unknown"] == "lockstep"


def test_the_elements_of_an_array_are_changed_inside_and_repeated() -> None:
    notes = {"type": "array", "items": NOTE}
    schema = {"type": "object", "required": ["notes"], "properties": {"notes": notes}}
    # One that refers to a resource that exists, and a second one.
    known, second = {"title": "of a resource", "size": 7}, {"title": "bb", "size": 8}
    body = {"notes": [known, second]}
    found = {each.reason: each.value for each in variants(DOCUMENT, schema, body)}
    assert found["without notes/0/title"] == {"notes": [{"size": 7}, second]}
    assert found["notes/0/size is too large"] == {"notes": [{**known, "size": 10}, second]}
    assert found["notes has an element twice"] == {"notes": [known, known]}


def test_the_plainest_invalid_body_lacks_a_required_member() -> None:
    assert invalid(DOCUMENT, NOTE, PLAIN) == {"size": 5}
    assert invalid(DOCUMENT, {"type": "object"}, {}) is None


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "exclusiveMinimum": 0}, {0, 1}),
        ({"type": "number"}, {"abc", -1, 0}),
        ({"type": "boolean"}, {"abc", 1, None}),
        ({"type": "array", "items": {}, "minItems": 1}, {"abc"}),
        ({"type": "object"}, {"abc"}),
        ({}, {None}),
    ],
)
def test_values_of_every_type_have_variants(schema: dict[str, Any], expected: set[Any]) -> None:
    found = [value for _, _, value in values(DOCUMENT, schema)]
    assert all(value in found for value in expected)


def test_members_are_set_and_removed_at_any_depth() -> None:
    assert with_member({"a": {"b": 1}}, ("a", "c"), 2) == {"a": {"b": 1, "c": 2}}
    assert with_member({}, ("a", "c"), 2) == {"a": {"c": 2}}
    assert without({"a": {"b": 1, "c": 2}}, ("a", "c")) == {"a": {"b": 1}}


def test_a_query_parameter_is_set_or_removed() -> None:
    request = Request("GET", "/a?x=1&y=2")
    assert with_query(request, "x", "a\0b").path == "/a?y=2&x=a%00b"
    assert with_query(request, "x", None).path == "/a?y=2"
    assert with_query(Request("GET", "/a?x=1"), "x", None).path == "/a"
    assert slash(request).path == "/a/?x=1&y=2"


def test_an_invalid_token_has_the_format_of_a_valid_one() -> None:
    assert altered_token("abcdefghijxx") == "abcdefxxxxyy"
    assert altered_token("ab") == "xx"


@pytest.mark.parametrize(
    ("schema", "near"),
    [
        (
            {"pattern": r"^(0|[1-9][0-9]{0,9})\.[0-9]{2}$", "example": "12.50"},
            ["12.5", "12.500", "-12.50"],
        ),
        ({"pattern": "^[A-Z]{2}$", "example": "x"}, ["A", "AAA", "aa", "-AA"]),
        ({"pattern": "^[a-z]+$", "example": "ab"}, ["AB", "-ab"]),
    ],
    ids=["money", "fixed length", "any length"],
)
def test_a_text_almost_fits_its_pattern(schema: dict[str, Any], near: list[str]) -> None:
    document = Document({"openapi": "3.1.0", "info": {}, "paths": {}})
    every = values(document, {"type": "string", **schema})
    assert [value for _, reason, value in every if "almost" in reason] == near
