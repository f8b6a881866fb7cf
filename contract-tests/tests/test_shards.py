"""Shards of a run: together they send and find the same as one whole run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.flask_servers import pair
from fixtures.scripted import Scripted, answer
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed

from lockstep.cli import main
from lockstep.drivers.replay.parts import part_of
from lockstep.openapi.sharding import Shard
from lockstep.recordings import Step
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response

FAULTS = ("total", "foreign", "location")
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "shelves", "version": "1"},
    "paths": {
        f"/kind{number}": {
            "get": {"operationId": f"list{number}", "responses": {"200": {"description": "all"}}}
        }
        for number in range(12)
    },
}


def play(folder: Path, name: str, *options: str) -> dict[str, Any]:
    """The report of `lockstep run` on a correct and a faulty server, both freshly started."""
    with pair(make_shed, *FAULTS) as targets:
        urls = [f"--target={target.name}={target.base_url}" for target in targets]
        arguments = ("--profile=quick", "--phase=examples", "--quiet", f"--json={folder / name}")
        result = CliRunner().invoke(main, ["run", str(SHED), *urls, *arguments, *options])
    assert result.exit_code in (0, 1, 2), result.output
    report: dict[str, Any] = json.loads((folder / name).read_text())
    return report


def facts(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The findings, each with all of its places."""
    return {(one["category"], one["kind"], one["where"]) for one in report["findings"]}


def test_shards_together_find_the_same_as_a_whole_run(tmp_path: Path) -> None:
    whole = play(tmp_path, "whole.json")
    parts = [play(tmp_path, f"{at}.json", f"--shard={at}/3") for at in (1, 2, 3)]
    report = merged(tmp_path, 3)
    assert report["exit_code"] == 1
    assert facts(report) == facts(whole)
    assert len(report["findings"]) == len(whole["findings"])
    own = [set(part["shard"]["operations"]) for part in parts]
    assert sum(map(len, own)) == len(set.union(*own))
    for name in set.union(*own):
        sent = [part["operations"][name]["exchanges"] for part in parts]
        assert report["operations"][name]["exchanges"] == sum(sent) > 0
    assert max(part["exchanges"] for part in parts) < 0.75 * whole["exchanges"]


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document of twelve lists."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DOCUMENT))
    return path


def asked(document: Path, shard: Shard | None) -> Iterator[str]:
    """The paths requested by the self-check and the walk of a shard."""
    paths: list[str] = []

    def serve(request: Request) -> Response:
        paths.append(request.path)
        return answer([])

    targets = [Scripted("left", serve), Scripted("right", lambda _: answer([]))]
    run = Run(Settings(document=document, require_coverage=False, shard=shard))
    run.self_check(targets)
    run.walk(targets)
    yield from paths


def test_shard_requests_only_its_own_operations(document: Path) -> None:
    parts = [set(asked(document, Shard(number, 4))) for number in range(1, 5)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12
    assert set.union(*parts) == set(asked(document, None))
    assert {len(part) for part in parts} == {3}


def made(method: str, path: str, body: object = None) -> Step:
    """A recorded request and its response."""
    return Step(Request(method, path), answer(body if body is not None else {}))


STEPS = (
    made("GET", "/shelves", [{"id": "s-100"}]),
    made("GET", "/news"),
    made("POST", "/books", {"id": "b-200"}),
    made("GET", "/books"),
    made("GET", "/shelves/s-100"),
    made("GET", "/books/b-200"),
)


def test_recording_is_divided_with_prerequisite_requests() -> None:
    parts = [part_of(STEPS, Shard(number, 3), has_bodies=True) for number in (1, 2, 3)]
    assert parts == [
        [(0, True), (1, True)],
        [(2, True), (3, True)],
        [(0, False), (2, False), (4, True), (5, True)],
    ]


def test_access_log_is_divided_without_duplicates() -> None:
    parts = [part_of(STEPS, Shard(number, 4), has_bodies=False) for number in range(1, 5)]
    assert [at for part in parts for at, judged in part if judged] == list(range(6))
    assert sum(map(len, parts)) == 6


@pytest.mark.parametrize("command", [("run",), ("traps",), ("replay", str(SHED))])
@pytest.mark.parametrize("text", ["0/5", "6/5", "a/b"])
def test_invalid_shard_is_rejected_in_one_line(command: tuple[str, ...], text: str) -> None:
    arguments = (
        "--target=a=http://127.0.0.1:1",
        "--target=b=http://127.0.0.1:1",
        f"--shard={text}",
    )
    result = CliRunner().invoke(main, [*command, str(SHED), *arguments])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith("lockstep: shard: ")


def test_shard_may_be_set_in_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "lockstep.toml"
    path.write_text(
        f'document = "{SHED}"\nshard = "7/5"\n[[targets]]\nname = "a"\nurl = "http://a"\n'
    )
    result = CliRunner().invoke(main, ["run", f"--config={path}"])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"lockstep: {path}:2: shard: there is no shard 7/5")


def merged(folder: Path, of: int) -> dict[str, Any]:
    """The report that `lockstep report merge` makes from `1.json` and those of the other shards."""
    files = [str(folder / f"{at}.json") for at in range(1, of + 1)]
    out = folder / "all.json"
    result = CliRunner().invoke(main, ["report", "merge", *files, f"--json={out}"])
    assert result.output == ""
    report: dict[str, Any] = json.loads(out.read_text())
    assert report["exit_code"] == result.exit_code
    return report


def test_access_log_is_replayed_in_shards(tmp_path: Path) -> None:
    lines = [
        f'127.0.0.1 - - [28/Nov/2026:10:00:{at:02} +0000] "GET /tools?page={at + 1} HTTP/1.1" 200 2'
        for at in range(9)
    ]
    (tmp_path / "access.log").write_text("\n".join(lines) + "\n")
    log = ("replay", str(tmp_path / "access.log"), str(SHED))
    with pair(make_shed) as targets:
        urls = [f"--target={target.name}={target.base_url}" for target in targets]
        for at in range(1, 4):
            arguments = (f"--shard={at}/3", f"--json={tmp_path / f'{at}.json'}", "--quiet")
            CliRunner().invoke(main, [*log, *urls, *arguments])
    parts = [json.loads((tmp_path / f"{at}.json").read_text()) for at in (1, 2, 3)]
    assert [part["replays"][0]["played"] for part in parts] == [3, 3, 3]
    (replay,) = merged(tmp_path, 3)["replays"]
    assert (replay["played"], replay["recorded"]) == (9, 9)


def test_traps_are_sent_in_shards(tmp_path: Path) -> None:
    command = ("traps", str(SHED), "--area=methods", "--area=URL", "--read-only", "--quiet")
    with pair(make_shed) as targets:
        urls = [f"--target={target.name}={target.base_url}" for target in targets]
        whole = CliRunner().invoke(main, [*command, *urls, f"--json={tmp_path / 'whole.json'}"])
        for at in (1, 2):
            arguments = (f"--shard={at}/2", f"--json={tmp_path / f'{at}.json'}")
            CliRunner().invoke(main, [*command, *urls, *arguments])
    parts = [json.loads((tmp_path / f"{at}.json").read_text())["traps"] for at in (1, 2)]
    sent = [{(one["area"], one["name"]) for one in part} for part in parts]
    assert not sent[0] & sent[1]
    assert abs(len(sent[0]) - len(sent[1])) <= 1
    every = json.loads((tmp_path / "whole.json").read_text())
    report = merged(tmp_path, 2)
    assert {(one["area"], one["name"]) for one in report["traps"]} == sent[0] | sent[1]
    assert len(report["traps"]) == len(every["traps"])
    assert (report["verdict"], report["exit_code"]) == (every["verdict"], whole.exit_code)
