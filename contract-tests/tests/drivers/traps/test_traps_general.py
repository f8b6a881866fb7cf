"""General traps need no API: they find differences on the wire and explain them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fixtures.wire_server import DOCUMENT, wire_server

from lockstep.cli import main
from lockstep.drivers.traps.catalogue_files import (
    GRADES,
    GeneralTrap,
    NoPlaceError,
    load_catalogue,
    read_traps,
)
from lockstep.drivers.traps.general import GeneralRun, signed_queries, signed_targets
from lockstep.drivers.traps.judged import findings_of, in_order, notes_of
from lockstep.drivers.traps.places import Places, Post, find_places
from lockstep.drivers.traps.raw import TrapResult
from lockstep.openapi.document import Document
from lockstep.results.findings import TRAP
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.credentials import BASIC, BEARER, Credential
from lockstep.transport.targets import Target

POST = Post("/things", {"name": "a"}, "name", "size")
PLACES = Places("/ping", ("/things/", "/parts"), ("/things", "limit"), (POST,))
CATALOGUE = {(trap.area, trap.name): trap for trap in load_catalogue()}


def trap(head: str, body: str = "") -> GeneralTrap:
    entry = f"name: a, grade: interop, left_alone: b, head: ['{head}'], body: '{body}'"
    (read,) = read_traps(f"area: toy\ntraps: [{{{entry}}}]")
    return read


def spring(area: str, name: str, *habits: str) -> TrapResult:
    with wire_server("old") as old, wire_server("new", *habits) as new:
        run = GeneralRun([old, new], PLACES)
        (result,) = run.spring([CATALOGUE[area, name]])
    return result


def test_the_catalogue_covers_all_areas_and_grades() -> None:
    areas = {area for area, _ in CATALOGUE}
    assert len(CATALOGUE) >= 60
    assert {"framing", "lines", "methods", "URL", "headers", "media types", "JSON"} <= areas
    assert {each.grade for each in CATALOGUE.values()} == set(GRADES)


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_trap_becomes_bytes_where_there_is_a_place(name: tuple[str, str]) -> None:
    sent = CATALOGUE[name].encode(PLACES, "host:1", "Authorization: Bearer a\r\n")
    assert not re.search(rb"\{(get|item|query|post|json|size|length|host|headers)\b", sent) or (
        name == ("JSON", "broken JSON")
    )


def test_places_are_written_into_a_trap() -> None:
    sent = trap("POST {post} HTTP/1.1', 'Length: {length}", '{string:"x"}').encode(
        PLACES, "host:1", "A: b\r\n", "/v1"
    )
    assert sent == b'POST /v1/things HTTP/1.1\r\nLength: 12\r\nA: b\r\n\r\n{"name":"x"}'
    assert trap("GET {item:%00}").encode(PLACES, "h").startswith(b"GET /things/%00/parts\r\n")
    assert (
        trap("GET {query:@=1&@=2}").encode(PLACES, "h").startswith(b"GET /things?limit=1&limit=2")
    )


def test_a_trap_without_a_place_names_what_the_document_lacks() -> None:
    bare = Places("/", None, None, (Post("/a", {"b": True}, None, None),))
    for wanted, lacking in (("{item:a}", "path parameter"), ("{query:@=1}", "an integer")):
        with pytest.raises(NoPlaceError, match=lacking):
            trap(f"GET {wanted}").encode(bare, "h")
    with pytest.raises(NoPlaceError, match="a number in it"):
        trap("POST {post}", "{number:1}").encode(bare, "h")


def test_places_are_found_in_a_document() -> None:
    places = find_places(Document(dict(DOCUMENT)), signed_in=False)
    assert (places.get, places.item, places.query) == ("/ping", None, None)
    (post,) = places.posts
    assert (post.path, post.string, post.number) == ("/things", "name", "size")
    assert isinstance(json.loads(post.write())["name"], str)


def test_servers_that_answer_alike_are_no_difference() -> None:
    assert spring("lines", "a bare LF after the request line").problems == []


def test_a_request_that_one_server_accepts_is_as_severe_as_its_trap() -> None:
    result = spring("lines", "a bare LF after the request line", "bare_lf")
    assert result.grade == "smuggling"
    assert result.shown["old"].startswith("400 json refused")
    assert result.shown["new"].startswith("200 json {}")


def test_a_different_refusal_is_of_low_severity() -> None:
    result = spring("lines", "a bare LF after the request line", "html")
    assert result.grade == "cosmetic"
    assert "html" in result.shown["new"]


def test_kept_and_closed_connections_are_distinguished() -> None:
    result = spring("methods", "an unregistered method", "closes")
    assert (result.grade, result.shown) == (
        "cosmetic",
        {"old": "404 json {}; connection kept", "new": "404 json {}; connection closed"},
    )


def test_the_rest_of_a_request_answered_as_another_one_is_smuggling() -> None:
    result = spring("framing", "a length and chunks", "length_first")
    assert result.grade == "smuggling"
    assert "a separate request: 400" in result.shown["new"]


def lockstep(tmp_path: Path, *arguments: str, habits: tuple[str, ...] = ()) -> Result:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    with wire_server("old") as old, wire_server("new", *habits) as new:
        targets = [f"--target={target.name}={target.base_url}" for target in (old, new)]
        return CliRunner().invoke(main, ["traps", str(path), *targets, *arguments])


def test_the_command_explains_a_difference_and_writes_it(tmp_path: Path) -> None:
    report = tmp_path / "traps.json"
    done = lockstep(tmp_path, "--area=numbers", f"--json={report}", habits=("nan",))
    assert done.exit_code == 1, done.output
    assert "NaN (trap, numbers)" in done.output
    assert "RFC 8259, 6" in done.output
    data = json.loads(report.read_text())
    (found,) = [one for one in data["traps"] if one["problems"]]
    assert found["agrees"] == {"old": True, "new": False}
    assert found["answers"]["new"] == "201 json {}; connection kept"
    (finding,) = data["findings"]
    assert (finding["class"], finding["category"]) == ("new wrong", "trap")
    assert done.output.splitlines()[-1].startswith("not alike: ")


def test_the_command_does_not_print_tokens(tmp_path: Path) -> None:
    report = tmp_path / "traps.json"
    sent = "--header=Authorization: Bearer abcdef"
    done = lockstep(tmp_path, "--area=numbers", f"--json={report}", sent, habits=("nan",))
    assert "Authorization: ***" in json.loads(report.read_text())["traps"][0]["sent"]
    assert "abcdef" not in done.output + report.read_text()


def test_the_command_exits_with_0_if_there_is_no_difference(tmp_path: Path) -> None:
    done = lockstep(tmp_path, "--area=numbers", "--area=query")
    assert done.exit_code == 0, done.output
    assert "the document lacks a GET with an integer in its query" in done.output


def test_the_command_exits_with_2_if_a_server_is_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    with wire_server("old") as old:
        gone = old.base_url
    done = CliRunner().invoke(
        main, ["traps", str(path), f"--target=a={gone}", f"--target=b={gone}"]
    )
    assert done.exit_code == 2
    assert "refused" in done.output


def test_the_command_lists_the_traps_of_an_area() -> None:
    done = CliRunner().invoke(main, ["traps", "--list", "--area", "numbers"])
    assert done.exit_code == 0
    assert "1e400" in done.output
    assert "framing" not in done.output


def sprung(*habits: str, areas: frozenset[str]) -> tuple[GeneralRun, list[TrapResult]]:
    chosen = [each for each in CATALOGUE.values() if each.area in areas]
    with wire_server("old") as old, wire_server("new", *habits) as new:
        run = GeneralRun([old, new], PLACES)
        return run, list(run.spring(chosen))


def test_in_a_run_a_difference_of_the_application_is_one_finding_for_each_cause() -> None:
    _, results = sprung("nan", areas=frozenset({"numbers"}))
    (finding,) = findings_of(results)
    assert (finding.category, finding.operation, finding.targets) == (
        TRAP,
        "trap, numbers",
        ("old", "new"),
    )
    assert "NaN" in finding.where
    assert finding.values["old"].startswith("4")
    assert notes_of(results) == []


def test_in_a_run_a_difference_of_the_servers_is_a_note() -> None:
    _, results = sprung("bare_lf", areas=frozenset({"lines"}))
    assert any(result.grade == "smuggling" for result in results)
    assert findings_of(results) == []
    (note,) = notes_of(results)
    assert "a bare LF after the request line" in note
    assert "`lockstep traps` explains them" in note


def test_in_a_run_equal_servers_have_neither() -> None:
    _, results = sprung(areas=frozenset({"numbers", "lines"}))
    assert (findings_of(results), notes_of(results)) == ([], [])


def test_possible_findings_are_sent_first_and_posts_only_on_request() -> None:
    every = list(CATALOGUE.values())
    areas = [each.area for each in in_order(every, posts=True)]
    assert areas.index("framing") > max(at for at, area in enumerate(areas) if area == "JSON")
    assert not any(each.writes for each in in_order(every, posts=False))


def test_a_run_skips_traps_that_may_exhaust_a_servers_memory() -> None:
    every = load_catalogue()
    left_out = {each.name for each in every} - {each.name for each in in_order(every, posts=True)}
    assert left_out == {"a chunk size past 2^64"}


def test_no_trap_is_started_after_the_time_limit() -> None:
    with wire_server("old") as old, wire_server("new") as new:
        run = GeneralRun([old, new], PLACES)
        assert list(run.spring([CATALOGUE["lines", "a bare LF after the request line"]], -1)) == []
    assert run.left == 1


def test_a_token_goes_into_the_headers_of_a_target_of_its_own() -> None:
    target = Target("old", "http://127.0.0.1:1/v1", headers=(("authorization", "x"), ("A", "b")))
    (signed,) = signed_targets([target], BEARER, {"old": "abc"}, 3.0)
    assert signed.headers == (("A", "b"), ("Authorization", "Bearer abc"))
    assert (signed.timeout, signed.base_url) == (3.0, target.base_url)
    assert target.headers[0] == ("authorization", "x")


def test_a_key_of_the_query_goes_into_request_lines_and_not_into_reports() -> None:
    old = Target("old", "http://127.0.0.1:1/v1")
    key = Credential("query", "api_key", "{token}", also=(BASIC,))
    run = GeneralRun([old], PLACES, signed_queries(key, {"old": "s3 cret\nabc"}))
    sent = {
        head: run.encode(trap(head), old).split(b"\r\n")[0]
        for head in ("GET {get} HTTP/1.1", "GET {query:@=1} HTTP/1.1", "GET {get}#a HTTP/1.1")
    }
    assert list(sent.values()) == [
        b"GET /v1/ping?api_key=s3%20cret HTTP/1.1",
        b"GET /v1/things?limit=1&api_key=s3%20cret HTTP/1.1",
        b"GET /v1/ping#a HTTP/1.1",
    ]
    with wire_server("old") as first, wire_server("new", "lowers") as second:
        asked = GeneralRun([first, second], PLACES, {"old": "api_key=s3%20cret"})
        (result,) = asked.spring([trap("GET {get} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
    assert "?api_key=***" in result.sent
    assert "cret" not in result.sent


def test_raw_requests_are_part_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    run = Run(Settings(path, require_coverage=False))
    with wire_server("old") as old, wire_server("new", "nan") as new:
        stage = run.general_traps([old, new])
    assert stage.exchanges > 50
    assert [finding.operation for finding in run.finish().findings] == ["trap, numbers"]
