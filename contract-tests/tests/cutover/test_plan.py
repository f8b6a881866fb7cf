"""A plan is read with its defaults, and all errors are reported with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.configuration import ConfigurationError
from lockstep.cutover.plan import Bounds, Sticky, read_plan
from lockstep.schemas import load_schema

EXAMPLE = Path(__file__).parents[2] / "cutover.example.toml"

LEAST = """from = "old"
to = "new"

[[judges]]
leads = "old"
admin = "http://127.0.0.1:9091/"

[[judges]]
leads = "new"
admin = "http://127.0.0.1:9092"

[router]
kind = "caddy"

[router.upstreams]
old = ["127.0.0.1:8081"]
new = ["127.0.0.1:8082"]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cutover.toml"


def faults(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_plan(path)
    return [line.removeprefix(f"{path}:") for line in str(error.value).splitlines()]


def test_the_defaults_are_a_careful_ramp(path: Path) -> None:
    path.write_text(LEAST, encoding="utf-8")
    plan = read_plan(path)
    assert [step.percent for step in plan.steps] == [0, 1, 5, 25, 50, 100]
    assert {step.at_least for step in plan.steps} == {60}
    assert [step.answers for step in plan.steps] == [0, 1, 1, 1, 1, 1]
    assert plan.bounds_for(None, plan.steps[0]) == Bounds(0.5, 95, 0, None)
    assert (plan.poll, plan.stop.judge_silent, plan.stop.on_timeout) == (0.2, 10, "back")
    assert plan.judges[0].admin == "http://127.0.0.1:9091"
    assert plan.router.admin == "http://127.0.0.1:2019"
    assert plan.state == path.parent / "cutover.state.json"
    assert plan.sticky is None


def test_a_route_has_its_own_bounds_over_those_of_the_step(path: Path) -> None:
    path.write_text(
        LEAST
        + """
[sticky]
cookie = "session"

[bounds]
diverged_below_percent = 2
compared = 50

[[routes]]
match = ["GET /reports/*", "exportAll"]
bounds = { compared = 5 }

[[steps]]
percent = 1
at_least = "10m"
at_most = "1.5h"
bounds = { compared = 20, confidence_percent = 99 }
""",
        encoding="utf-8",
    )
    plan = read_plan(path)
    (step,) = plan.steps
    assert (step.at_least, step.at_most) == (600, 5400)
    assert plan.sticky == Sticky("cookie", "session")
    group = plan.group("GET /reports/{year}", None)
    assert group is plan.group("POST /exports", "exportAll")
    assert plan.group("GET /notes", "listNotes") is None
    assert plan.bounds_for(group, step) == Bounds(2, 99, 5)
    assert plan.bounds_for(None, step) == Bounds(2, 99, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("to =", "towards ="), "2: towards: unknown; must be one of"),
        (
            ("9092", "9091"),
            "10: judges[2].admin: belongs to another judge too: it would count twice",
        ),
        (('leads = "new"', 'leads = "nwe"'), "9: judges[2].leads: must be old or new"),
        (('to = "new"', 'to = "old"'), "2: to: must be another target than `from`"),
        (("8082", "8081"), "15: router.upstreams: 127.0.0.1:8081 is listed for both targets"),
        (('new = ["', 'nwe = ["'), "15: router.upstreams: must be old and new"),
        (('"caddy"', '"nginx"'), "12: router: file is missing: the path to write the"),
        (
            ('"caddy"', '"envoy"\nfile = "routes"'),
            "14: router.file: must end in .yaml: Envoy derives the format from it",
        ),
        (
            ('kind = "caddy"', 'kind = "caddy"\nlisten = ":80"'),
            "14: router.listen: is not for Caddy",
        ),
    ],
)
def test_errors_are_reported_with_their_lines(
    path: Path, change: tuple[str, str], message: str
) -> None:
    assert any(line.startswith(message) for line in faults(path, LEAST.replace(*change)))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[[steps]]\npercent = 5\n[[steps]]\npercent = 5", "must be more than that of the step"),
        ("[[steps]]\npercent = 0.001", "has more than two decimals"),
        ("[[steps]]\npercent = 101", "101 is greater than the maximum of 100"),
        ('[[steps]]\npercent = 5\nat_least = "2m"\nat_most = "1m"', "is less than at_least"),
        ('[[steps]]\npercent = 5\nat_least = "soon"', "seconds, or a text such as"),
        ('[sticky]\nheader = "Authorization"', "Caddy cannot split users by a header"),
        ('[sticky]\nheader = "A"\ncookie = "a"', "only one of cookie, header is possible"),
    ],
)
def test_steps_and_users_are_checked(path: Path, more: str, message: str) -> None:
    assert any(message in line for line in faults(path, f"{LEAST}\n{more}\n"))


def test_all_faults_are_named_at_once(path: Path) -> None:
    text = LEAST.replace("9092", "9091") + "\n[[steps]]\npercent = 5\n[[steps]]\npercent = 1\n"
    assert len(faults(path, text)) == 2


def test_the_example_has_every_setting() -> None:
    assert read_plan(EXAMPLE).stop.on_timeout == "back"
    lines = EXAMPLE.read_text(encoding="utf-8").replace("# ", "")
    for name in _settings(load_schema("cutover")):
        assert re.search(rf"\b{name}\b", lines), name


def _settings(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from _settings(value)
