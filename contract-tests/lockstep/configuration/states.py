"""Brings the targets into a state before requests are sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.transport.messages import NoResponse, Request
from lockstep.transport.targets import Target

_SHOWN = 300


class StateError(Exception):
    """The targets could not be brought into a state."""


@dataclass(frozen=True, slots=True)
class State:
    """A state in which requests are sent, and how to set it up.

    `command` is a shell command; it gets each target's URL as `LOCKSTEP_TARGET_<NAME>`. `request`
    is `METHOD /path`, sent to every target instead.
    """

    name: str
    command: str = ""
    request: str = ""

    def bring_about(self, targets: Sequence[Target]) -> None:
        """Bring every target into the state; raise `StateError` if that fails."""
        if self.command:
            self._run(targets)
            return
        method, _, path = self.request.partition(" ")
        for target in targets:
            outcome = target.send(Request(method, path))
            if isinstance(outcome, NoResponse):
                raise StateError(f"{self.name}: {target.name}: {self.request}: {outcome.reason}")
            if outcome.status >= 400:
                raise StateError(f"{self.name}: {target.name}: {self.request}: {outcome.status}")

    def _run(self, targets: Sequence[Target]) -> None:
        urls = {
            "LOCKSTEP_TARGET_"
            + "".join(c if c.isalnum() else "_" for c in target.name).upper(): target.base_url
            for target in targets
        }
        done = subprocess.run(
            self.command,
            shell=True,
            env={**os.environ, **urls},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            output = done.stdout.strip()[-_SHOWN:]
            raise StateError(
                f"{self.name}: `{self.command}` exited with {done.returncode}: {output}"
            )
