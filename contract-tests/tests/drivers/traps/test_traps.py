"""Traps are loaded, sent as bytes, and checked against their expectation and between targets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fixtures.sockets import listening

from lockstep.drivers.traps.files import Trap, load_traps
from lockstep.drivers.traps.normalize import masked
from lockstep.drivers.traps.raw import TrapResult, run_traps
from lockstep.report.data import as_data
from lockstep.run import Run
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]

HEAD = """
area: toy
traps:
  - name: a trap
    left_alone: { old: one thing, new: another }
    decision: A third.
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def read(tmp_path: Path, rest: str) -> list[Trap]:
    (tmp_path / "toy.yaml").write_text(HEAD + rest, encoding="utf-8")
    return load_traps(tmp_path)


def sprung(tmp_path: Path, expect: str, old: bytes, new: bytes) -> TrapResult:
    traps = read(tmp_path, f"    head: [GET / HTTP/1.1]\n    expect: {expect}\n")
    with listening(old) as (one, *_), listening(new) as (two, *_):
        one.name, two.name = "old", "new"
        (result,) = run_traps(traps, [one, two], {"old": "t", "new": "t"})
    return result


def test_a_trap_becomes_bytes(tmp_path: Path) -> None:
    rest = (
        "    head: ['GET /{a*3} HTTP/1.1', 'Host: {host}', 'A: {token}', 'Length: {length}']\n"
        '    body: "{[*2}\\xff{]*2}"\n    expect: { status: 200 }\n'
    )
    (trap,) = read(tmp_path, rest)
    sent = trap.encode("x:1", "t")
    assert sent == b"GET /aaa HTTP/1.1\r\nHost: x:1\r\nA: t\r\nLength: 5\r\n\r\n[[\xff]]"


@pytest.mark.parametrize(
    "rest",
    [
        "    expect: { status: 200 }\n",
        "    head: [GET / HTTP/1.1]\n    expect: { code: no_status }\n",
        "    head: [GET / HTTP/1.1]\n    raw: GET\n    expect: { status: 200 }\n",
    ],
)
def test_a_file_that_violates_the_schema_is_named(tmp_path: Path, rest: str) -> None:
    with pytest.raises(ValueError, match=r"toy\.yaml"):
        read(tmp_path, rest)


def test_two_traps_with_the_same_name_are_refused(tmp_path: Path) -> None:
    entry = "    raw: GET\n    expect: { status: 200 }\n"
    with pytest.raises(ValueError, match="same name"):
        read(tmp_path, entry + HEAD.partition("traps:\n")[2] + entry)


def test_answers_as_expected_are_no_problem(tmp_path: Path) -> None:
    assert sprung(tmp_path, "{ status: 200, body: '{}' }", OK, OK).problems == []


def test_an_unexpected_response_names_the_target(tmp_path: Path) -> None:
    (problem, other) = sprung(tmp_path, "{ status: 200 }", OK, OK.replace(b"200", b"400")).problems
    assert problem.startswith("new: expected 200, got 400")
    assert other.startswith("old: [(200")


def test_answers_that_differ_elsewhere_are_a_problem(tmp_path: Path) -> None:
    (problem,) = sprung(tmp_path, "{ status: 200 }", OK, OK.replace(b"{}", b"[]")).problems
    assert "{}" in problem
    assert "[]" in problem


def test_server_generated_ids_are_no_difference(tmp_path: Path) -> None:
    made = [b"01936d5e-8a00-7000-8000-00000000000%d" % number for number in (1, 2)]
    old, new = (b"HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n" + each for each in made)
    assert sprung(tmp_path, "{ status: 200 }", old, new).problems == []


def test_a_second_response_received_with_the_first_is_read(tmp_path: Path) -> None:
    expect = "{ status: 200, then: { status: 404 } }"
    both = OK + b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    assert sprung(tmp_path, expect, both, both).problems == []
    (first, *_) = sprung(tmp_path, expect, both, OK).problems
    assert first == "new: expected 404, got no response: dropped"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("01936d5e-8a00-7000-8000-00000000000a", "<uuid 7 lower>"),
        ("01936D5E-8A00-4000-8000-00000000000A", "<uuid 4 upper>"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("2001-13-01T00:00:00Z", "2001-13-01T00:00:00Z"),
    ],
)
def test_server_generated_values_are_masked_except_their_format(text: str, plain: str) -> None:
    assert masked(f'{{"a":"{text}"}}') == f'{{"a":"{plain}"}}'


def test_an_instant_near_now_is_masked_except_its_format() -> None:
    now = datetime.now(UTC)
    assert masked(now.isoformat(timespec="milliseconds")) == "<nowT.000+00:00>"
    assert masked(now.strftime("%Y-%m-%d %H:%M:%SZ")) == "<now Z>"
    assert masked(now.astimezone(timezone(timedelta(hours=9))).isoformat("T", "seconds")) == (
        "<nowT+09:00>"
    )


def test_a_run_makes_findings_of_the_traps(run: Run, servers: Servers, tmp_path: Path) -> None:
    targets = servers()
    rest = "    head: [GET /nowhere HTTP/1.1, 'Connection: close']\n    expect: { status: 200 }\n"
    run.spring_traps(read(tmp_path, rest), targets, {"left": "t", "right": "t"})
    verdict = run.finish()
    assert (verdict.parity, verdict.conformance) == ("alike", "broken")
    (result,) = verdict.traps
    assert result.at_fault == ("left", "right")
    (finding,) = verdict.findings
    assert (finding.category, finding.verdict) == ("trap", "all wrong alike")
    assert "404" in finding.sentence
    (shown,) = as_data(verdict)["traps"]
    assert shown["left_alone"] == "old: one thing; new: another"


def test_a_grid_is_a_trap_for_each_combination(tmp_path: Path) -> None:
    text = HEAD.replace("a trap", "'{verb} in {version}'") + (
        "    grid: { verb: [GET, HEAD], version: ['1.0', '1.1'] }\n"
        "    head: ['{verb} / HTTP/{version}', 'Host: {host}']\n    expect: { status: 200 }\n"
    )
    (tmp_path / "toy.yaml").write_text(text, encoding="utf-8")
    traps = load_traps(tmp_path)
    assert [trap.name for trap in traps] == [
        "GET in 1.0",
        "GET in 1.1",
        "HEAD in 1.0",
        "HEAD in 1.1",
    ]
    assert traps[2].method == "HEAD"
    assert traps[2].encode("x:1", "t") == b"HEAD / HTTP/1.0\r\nHost: x:1\r\n\r\n"


def test_only_the_presence_of_server_headers_is_compared(tmp_path: Path) -> None:
    dated = OK.replace(b"\r\n\r\n", b"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n")
    later = dated.replace(b"1994", b"2004")
    assert sprung(tmp_path, "{ status: 200 }", dated, later).problems == []
    (problem,) = sprung(tmp_path, "{ status: 200 }", dated, OK).problems
    assert "'date': '<present>'" in problem
