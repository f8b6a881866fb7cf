"""The tables for operators are complete, and both twins conform to them."""

import re
from pathlib import Path

import pytest
import yaml

from testbed.paths import CONTRACT_TESTS, NODE, PYTHON
from tooling.site.operating import (
    EXAMPLE,
    NODE_WORKERS,
    PYTHON_WORKERS,
    SERVERS,
    settings,
    signals,
    statuses,
)

# Default, minimum and maximum of each integer setting, as the twins read them.
PYTHON_WHOLE = re.compile(
    r'_whole\(env, "(\w+)", (?P<default>\d+), (?P<least>\d+), (?P<most>\d+)\)'
)
NODE_WHOLE = re.compile(
    r'read\.integer\("(\w+)", (?P<least>\d+), (?P<most>\d+), (?P<default>\d+)\)'
)
# The default depends on APP_ENV.
DEPENDENT = "SHUTDOWN_DELAY_SECONDS"
# Ignored by Node by default.
IGNORED_ANYWAY = {"SIGWINCH"}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_table_has_every_setting() -> None:
    listed = [each for group in settings(text(EXAMPLE)) for each in group]
    named = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text(EXAMPLE), re.MULTILINE)
    assert [each.name for each in listed] == named
    assert all(each.about for each in listed)


def wholes(pattern: re.Pattern[str], path: Path) -> dict[str, dict[str, int]]:
    return {
        found[1]: {name: int(number) for name, number in sorted(found.groupdict().items())}
        for found in pattern.finditer(text(path))
    }


def test_twins_have_the_same_defaults_and_bounds() -> None:
    python = wholes(PYTHON_WHOLE, PYTHON / "task_timer/config.py")
    assert python == wholes(NODE_WHOLE, NODE / "src/config.ts")
    described = yaml.safe_load(text(CONTRACT_TESTS / "startup.yaml"))
    whole = {name: rules["whole"] for name, rules in described.items() if "whole" in rules}
    assert whole.pop(DEPENDENT) == [0, 300]
    assert {name: [each["least"], each["most"]] for name, each in python.items()} == whole
    defaults = {each.name: each.default for group in settings(text(EXAMPLE)) for each in group}
    assert {name: str(each["default"]) for name, each in python.items()} == {
        name: defaults[name] for name in python
    }


def test_twins_handle_the_same_signals() -> None:
    python, node = signals(text(PYTHON_WORKERS)), signals(text(NODE_WORKERS))
    assert python["ending"] == node["ending"]
    assert python["ignored"] == node["ignored"] | IGNORED_ANYWAY


@pytest.mark.parametrize("twin", SERVERS)
def test_twins_exit_with_the_same_statuses(twin: str) -> None:
    assert statuses(SERVERS[twin]) == {"FAILED": 1, "MISCONFIGURED": 2}


def test_page_shows_all_settings_signals_and_probes(site: Path) -> None:
    page = text(site / "operate.html")
    for group in settings(text(EXAMPLE)):
        for each in group:
            assert f'id="setting-{each.name}"' in page
    for name in signals(text(NODE_WORKERS))["ending"] | {"/health", "/ready", "/metrics"}:
        assert f"<code>{name}</code>" in page
