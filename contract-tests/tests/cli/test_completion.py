"""Shell completion, in a real bash on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.cli import COMMANDS, main

PROJECT = Path(__file__).parents[2]
SECONDS = 60.0
# Ctrl-O writes the current line to a file, and clears it.
CONTROL_O = "\x0f"
_RC = r"""
eval "$(lockstep completion bash)"
bind -x '"\C-o": printf %s "$READLINE_LINE" >part; READLINE_LINE=; mv part line'
"""


class Bash:
    """An interactive bash in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._line = folder / "line"
        self._terminal, child = pty.openpty()
        folder.joinpath("rc").write_text(_RC)
        environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--rcfile", str(folder / "rc"), "-i"],
            stdin=child,
            stdout=child,
            stderr=child,
            cwd=folder,
            env={**environment, "INPUTRC": "/dev/null", "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(child)

    def complete(self, typed: str) -> str:
        """The line after the Tab key."""
        os.write(self._terminal, f"{typed}\t{CONTROL_O}".encode())
        end = time.monotonic() + SECONDS
        while not self._line.exists():
            assert time.monotonic() < end, "bash has not answered"
            # Its output is read, so that it does not block.
            if select.select([self._terminal], [], [], 0.05)[0]:
                os.read(self._terminal, 4096)
        line = self._line.read_text()
        self._line.unlink()
        return line.strip()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    """A bash with the completion script, the command, and some files to complete."""
    folder = tmp_path_factory.mktemp("bash")
    for name in ("openapi.yaml", "a.har", "lockstep.toml"):
        folder.joinpath(name).touch()
    folder.joinpath("stories").mkdir()
    command = folder / "bin" / "lockstep"
    command.parent.mkdir()
    program = "from lockstep.cli import main; main(prog_name='lockstep')"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{PROJECT}" exec "{sys.executable}" -c "{program}" "$@"\n'
    )
    command.chmod(0o755)
    opened = Bash(folder)
    yield opened
    opened.close()


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("lockstep prox", "lockstep proxy"),
        ("lockstep run openap", "lockstep run openapi.yaml"),
        ("lockstep run --profile dee", "lockstep run --profile deep"),
        ("lockstep run --stories s", "lockstep run --stories stories/"),
        ("lockstep replay a.", "lockstep replay a.har"),
        ("lockstep diff a.har openap", "lockstep diff a.har openapi.yaml"),
        ("lockstep traps --area fram", "lockstep traps --area framing"),
    ],
)
def test_bash_completes_commands_options_choices_and_files(
    bash: Bash, typed: str, becomes: str
) -> None:
    assert bash.complete(typed) == becomes


@pytest.mark.parametrize(
    ("shell", "text"), [("bash", "complete -o"), ("zsh", "#compdef lockstep"), ("fish", "complete")]
)
def test_completion_script_for_each_shell(shell: str, text: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert (result.exit_code, result.stderr) == (0, "")
    assert text in result.stdout
    assert "_LOCKSTEP_COMPLETE" in result.stdout


def test_unsupported_shell_lists_the_supported_ones() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr


def test_commands_are_completed_without_loading_them() -> None:
    program = (
        "import sys; from lockstep.cli import main; "
        "print(*(item.value for item in main.shell_complete(None, ''))); "
        "assert 'lockstep.cli.run' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.split() == list(COMMANDS)
