"""What the start page shows of the clients that `make client` generates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testbed.paths import TOOLING

_PROGRAMS = TOOLING / "client"


@dataclass(frozen=True, slots=True)
class ClientUse:
    """A whole program with a generated client, which reads BASE_URL and TOKEN.

    install: the command that puts the client into a project of one's own.
    """

    language: Literal["python", "node"]
    label: str
    install: str
    program: Path

    @property
    def source(self) -> str:
        """The program's text."""
        return self.program.read_text(encoding="utf-8")


def client_uses() -> list[ClientUse]:
    """One program for each language; both print the same."""
    python, node = _PROGRAMS / "list_tasks.py", _PROGRAMS / "list-tasks.mjs"
    return [
        ClientUse("python", "Python", "pip install ./build/clients/python", python),
        ClientUse("node", "Node", "npm install --install-links ./build/clients/node", node),
    ]
