"""The GitHub Action: its steps as a runner runs them, against two small servers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from fixtures.tasks_server import DOCUMENT, serve

REPOSITORY = Path(__file__).parents[3]
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}
LITTLE = "--phase examples --no-self-check"
_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


@dataclass(slots=True)
class Ran:
    """How an action ended; `outputs` are its own."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


class Runner:
    """Runs the steps of the action one after the other, as GitHub's runner does for bash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known = {"github.action_path": str(REPOSITORY)}
        for name in ("temp", "work"):
            folder.joinpath(name).mkdir()
        self._environment = {
            "HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(folder / "temp"),
            # Nothing is fetched: the libraries of this environment are used.
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PYTHONPATH": sysconfig.get_path("purelib"),
        }

    def put(self, name: str, script: str) -> None:
        """Put a command before all others."""
        file = self.folder / "bin" / name
        file.parent.mkdir()
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        self._environment["PATH"] = f"{file.parent}:{self._environment['PATH']}"

    def run(self, step_id: str, **inputs: str) -> Ran:
        """Run one step with the inputs of the action."""
        earlier = f"steps.{step_id}."
        self._known = {n: t for n, t in self._known.items() if not n.startswith(earlier)}
        step, known = STEPS[step_id], dict(self._known)
        for name, declared in ACTION["inputs"].items():
            known[f"inputs.{name}"] = inputs.get(name.replace("-", "_"), declared["default"])
        script, output, summary = (self.folder / name for name in ("script", "output", "summary"))
        script.write_text(step["run"])
        for file in (output, summary):
            file.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder / "work",
            env={
                **self._environment,
                **{name: _filled(text, known) for name, text in step["env"].items()},
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        step_outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
        self._known |= {
            f"steps.{step_id}.outputs.{name}": text for name, text in step_outputs.items()
        }
        outputs = {
            name: _filled(declared["value"], self._known)
            for name, declared in ACTION["outputs"].items()
        }
        return Ran(done.returncode, done.stdout + done.stderr, outputs, summary.read_text())


def _filled(text: str, known: dict[str, str]) -> str:
    """An expression's value; what is not known is empty, as for the runner."""
    return _EXPRESSION.sub(lambda found: known.get(found[1], ""), text)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner that has done the first step."""
    found = Runner(tmp_path_factory.mktemp("runner"))
    ran = found.run("install")
    assert ran.code == 0, ran.log
    return found


def test_it_has_the_form_of_an_action() -> None:
    vendored = resources.files("check_jsonschema") / "builtin_schemas/vendor/github-actions.json"
    jsonschema_rs.validator_for(json.loads(vendored.read_text())).validate(ACTION)


def test_inputs_of_a_caller_are_never_part_of_a_script() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_every_input_and_output_is_used() -> None:
    given = " ".join(text for step in STEPS.values() for text in step["env"].values())
    assert {f"inputs.{name}" for name in ACTION["inputs"]} <= set(_EXPRESSION.findall(given))
    assignments = {f"{name}=" for name in ACTION["outputs"]}
    assert assignments == {
        name for name in assignments if f'echo "{name}' in STEPS["compare"]["run"]
    }


def test_servers_that_differ_fail_the_step_and_are_summed_up(runner: Runner) -> None:
    with serve() as old, serve("text") as new:
        ran = runner.run(
            "compare",
            document=str(DOCUMENT),
            targets=f"old={old}\n\n  new={new}\n",
            profile="quick",
            fail_on="any",
            args=f"{LITTLE} --header 'X-Tenant: a b'",
        )
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["verdict"]) == (1, "1", "not alike")
    data: dict[str, Any] = json.loads(Path(ran.outputs["json"]).read_text())
    assert (data["fail_on"], list(data["targets"])) == ("any", ["old", "new"])
    assert "X-Tenant: a b" in Path(ran.outputs["html"]).read_text()
    assert ran.summary == Path(ran.outputs["markdown"]).read_text()
    assert "<code>done</code> differs: new has" in ran.summary
    assert "<testsuites" in Path(ran.outputs["junit"]).read_text()


def test_servers_that_are_alike_pass(runner: Runner, tmp_path: Path) -> None:
    with serve() as old, serve() as new:
        ran = runner.run(
            "compare",
            document=str(DOCUMENT),
            targets=f"old={old}\nnew={new}",
            profile="quick",
            args=LITTLE,
            reports=str(tmp_path / "my reports"),
        )
    assert (ran.code, ran.outputs["exit-code"], ran.outputs["verdict"]) == (0, "0", "alike")
    assert ran.outputs["json"] == str(tmp_path / "my reports" / "report.json")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"targets": "old=http://127.0.0.1:1"}, "refused: nothing listens there"),
        ({"targets": "nonsense"}, "'nonsense' is not NAME=URL"),
        ({"targets": ""}, "no targets"),
        ({"profile": "huge"}, "'huge' is not one of"),
        ({"args": "--header 'open"}, "::error::args has an unclosed quote"),
        ({"document": "absent.yaml", "targets": "a=http://127.0.0.1:1"}, "absent.yaml"),
        ({"document": "--version", "targets": "a=http://127.0.0.1:1"}, "--version"),
        ({"args": "$(touch made) `touch made`; touch made"}, ""),
        ({"targets": "a=$(touch made)"}, "not an http:// or https:// URL"),
    ],
)
def test_invalid_inputs_exit_with_2_and_are_not_executed(
    runner: Runner, inputs: dict[str, str], message: str
) -> None:
    ran = runner.run("compare", **{"document": str(DOCUMENT), **inputs})
    assert ran.code == 2, ran.log
    assert message in ran.log
    assert "Traceback" not in ran.log
    assert ran.outputs["verdict"] in ("could not run", "")
    assert not list(runner.folder.rglob("made"))


def test_an_old_python_is_refused_with_the_required_version(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    runner.put("python3", "exit 1")
    ran = runner.run("install")
    assert ran.code == 2
    assert "::error::lockstep needs Python 3.11 or newer" in ran.log
