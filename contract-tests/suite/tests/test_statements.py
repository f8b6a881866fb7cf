"""All servers send the same number of SQL statements for the same request."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from lockstep.drivers.stories.files import Story, load_stories
from lockstep.run import Run
from testbed import contract
from testbed.servers import SERVERS
from testbed.stage import CLEAN, Stage

BAD_REQUEST = 400
SECONDS = 60
Sent = Counter[tuple[str, int, int]]


def operations(story: Story) -> set[str]:
    """The operations that succeed in a story."""
    steps = (step for step in story.steps if "operation" in step)
    return {step["operation"] for step in steps if step["expect"]["status"] < BAD_REQUEST}


def covering(stories: Iterable[Story]) -> list[Story]:
    """A small set of ordinary stories in which every operation succeeds; races may need retries."""
    left = [each for each in stories if each.profile == "default" and "racing" not in each.name]
    chosen: list[Story] = []
    seen: set[str] = set()
    while not seen >= set().union(*map(operations, left)):
        chosen.append(max(left, key=lambda story: len(operations(story) - seen)))
        seen |= operations(chosen[-1])
    return chosen


def requests(log: Path) -> Iterator[tuple[str, int, int]]:
    """The operation, status code and number of statements of each access line."""
    for line in map(json.loads, log.read_text(encoding="utf-8").splitlines()):
        if line["event"] == "request" and line["operation"] != "getReadiness":
            yield line["operation"], line["status"], line["statements"]


def sent(logs: Iterable[Path]) -> dict[str, Sent]:
    """The access lines of each server, once complete; a line is written after its response."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = {log.stem: Counter(requests(log)) for log in logs}
        if len({each.total() for each in found.values()}) == 1:
            return found
        assert time.monotonic() < deadline, {name: each.total() for name, each in found.items()}


def test_servers_send_the_same_number_of_statements(stage: Stage, tmp_path: Path) -> None:
    run = Run(contract.settings(in_full=False))
    stories = covering(load_stories(contract.STORIES, run.document))
    every = Stage(stage.databases, None, tmp_path, "statements", tuple(SERVERS))
    with every.pair(CLEAN) as targets:
        run.play_stories(stories, targets, "lockstep")
        first, *others = sent(sorted(tmp_path.glob("*.log"))).values()
        for target in targets:
            target.close()
    assert run.finish().exit_code == 0
    assert {name for name, _, _ in first} >= run.document.operations.keys() - {"getReadiness"}
    for other in others:
        assert other == first
