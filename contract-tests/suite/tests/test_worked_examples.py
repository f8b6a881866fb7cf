"""The worked examples of CONTRIBUTING.md work: an operation, and an adapter."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.drivers.stories.files import load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.run import Run
from testbed import contract
from testbed.log_in import log_in
from testbed.paths import CONTRACT, CONTRACT_TESTS, NODE, PYTHON, ROOT
from testbed.servers import command_for, node_program
from testbed.sources import python_functions, typescript_functions
from testbed.stage import Stage

Blocks = list[tuple[str, str]]

ADAPTER = "werkzeug"
HANDLER = "list_tags"


def blocks(title: str) -> Blocks:
    """The code blocks of a section, as (language, text)."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def apply(diff: str, root: Path) -> None:
    """Apply a diff without line numbers; the replaced text must occur exactly once in its file."""
    for each in re.split(r"^--- a/", diff, flags=re.MULTILINE)[1:]:
        name, _, hunks = each.partition("\n")
        text = (root / name).read_text(encoding="utf-8")
        for hunk in hunks.split("@@\n")[1:]:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line[0] in " -")
            assert text.count(old) == 1, f"{name} has this {text.count(old)} times:\n{old}"
            text = text.replace(old, "".join(line[1:] for line in lines if line[0] in " +"))
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the contract and both twins with the example operation, and the Node twin built."""
    root = tmp_path_factory.mktemp("operation")
    shutil.copytree(
        PYTHON / "task_timer",
        root / "python/task_timer",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(NODE / "src", root / "node/src")
    (root / "node/node_modules").symlink_to(NODE / "node_modules")
    (root / "contract-tests").mkdir()
    statements = CONTRACT_TESTS / "statements.yaml"
    settings = (NODE / name for name in ("package.json", "tsconfig.json", "tsconfig.build.json"))
    for path in (CONTRACT, statements, *settings):
        shutil.copy(path, root / path.relative_to(ROOT))
    for language, text in blocks("Add an operation"):
        if language == "diff":
            apply(text, root)
    for command in (
        ["openapi-typescript", "../openapi.yaml", "-o", "src/generated/contract.ts"],
        ["tsc", "-p", "tsconfig.build.json"],
    ):
        program = NODE / "node_modules/.bin" / command[0]
        done = subprocess.run(
            [program, *command[1:]], cwd=root / "node", capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return root


def test_example_operation_is_alike_in_both_twins(stage: Stage, tree: Path, tmp_path: Path) -> None:
    (story,) = (text for language, text in blocks("Add an operation") if language == "yaml")
    tmp_path.joinpath("tags.yaml").write_text(story, encoding="utf-8")
    run = Run(replace(contract.settings(in_full=False), document=tree / "openapi.yaml"))
    variables = ["env", f"CONTRACT_PATH={tree / 'openapi.yaml'}", f"PYTHONPATH={tree / 'python'}"]
    commands = {
        "python": [*variables, *command_for("python")],
        "node": [*variables, node_program(), str(tree / "node/dist/main.js")],
    }
    with stage.pair(commands=commands) as targets:
        played = run.play_stories(load_stories(tmp_path, run.document), targets, "lockstep")
        for target in targets:
            target.close()
    assert [result.problem for result in played.stories] == [""]
    assert run.finish().exit_code == 0


def test_example_operation_is_mirrored(tree: Path) -> None:
    for module, pair in (
        ("api/routes/tasks", "api/routes/tasks"),
        ("services/task_service", "services/task-service"),
    ):
        python = python_functions((tree / f"python/task_timer/{module}.py").read_text())
        node = typescript_functions((tree / f"node/src/{pair}.ts").read_text())
        assert [one.name for one in python].index(HANDLER) == [one.name for one in node].index(
            HANDLER
        )
        assert {one for one in python if one.name == HANDLER} <= set(node)


def test_example_adapter_responds_like_its_twin(
    stage: Stage, sample_data: str, tmp_path: Path
) -> None:
    for language, text in blocks("Add an adapter"):
        if language == "python":
            path = text.partition("\n")[0].removeprefix("# ")
            (tmp_path / Path(path).name).write_text(text, encoding="utf-8")
    run = Run(contract.settings(in_full=False))
    both = Stage(stage.databases, None, tmp_path / "logs", ADAPTER, ("python", ADAPTER))
    commands = {ADAPTER: [sys.executable, str(tmp_path / "main.py")]}
    stories = load_stories(contract.STORIES / "tasks", run.document)
    with both.pair(sample_data, commands=commands) as targets:
        run.play_stories(stories, targets, "lockstep")
        tokens = {target.name: log_in(target.base_url) for target in targets}
        run.spring_traps(load_traps(contract.TRAPS), targets, tokens)
        for target in targets:
            target.close()
    assert run.finish().exit_code == 0


def test_example_adapter_is_registered_as_a_server(tmp_path: Path) -> None:
    servers = "contract-tests/testbed/servers.py"
    (tmp_path / servers).parent.mkdir(parents=True)
    shutil.copy(ROOT / servers, tmp_path / servers)
    (diff,) = (text for language, text in blocks("Add an adapter") if language == "diff")
    apply(diff, tmp_path)
    assert f'"{ADAPTER}": Server(' in (tmp_path / servers).read_text(encoding="utf-8")
