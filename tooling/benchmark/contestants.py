"""The servers that are compared, and how each is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testbed.servers import TEST_SETTINGS, Kind, TwinServer, command_for
from tooling.benchmark import bare

Role = Literal["twin", "adapter", "bare"]

# Database connections of each worker.
POOL_SIZE = 10


@dataclass(frozen=True)
class Contestant:
    """A server in the comparison.

    role: `twin`, `adapter` (another framework on top of a twin's services), or `bare` (handwritten
    handlers, without framework or ORM). knows: its operations, None for all of the contract.
    """

    name: str
    label: str
    runtime: Kind
    role: Role
    knows: frozenset[str] | None = None

    def can(self, mix: Mapping[str, int]) -> bool:
        """Whether it has all operations of a mix."""
        return self.knows is None or set(mix) <= self.knows


_BARE = frozenset({"logIn", "listTasks", "getTask", "createTask"})
CONTESTANTS = (
    Contestant("python", "Flask, SQLAlchemy, uvicorn", "python", "twin"),
    Contestant("node", "Express, Prisma", "node", "twin"),
    Contestant("fastapi", "FastAPI, SQLAlchemy, uvicorn", "python", "adapter"),
    Contestant("fastify", "Fastify, Prisma", "node", "adapter"),
    Contestant("bare-python", "psycopg, uvicorn", "python", "bare", _BARE),
    Contestant("bare-node", "node:http, pg", "node", "bare", _BARE),
)
BY_NAME: Mapping[str, Contestant] = {each.name: each for each in CONTESTANTS}

SETTINGS: Mapping[str, str] = {
    **TEST_SETTINGS,
    "APP_ENV": "production",
    "LOG_LEVEL": "warning",
    "DATABASE_POOL_SIZE": str(POOL_SIZE),
    # Tokens are issued once, for all servers and for the whole run.
    "ACCESS_TOKEN_SECONDS": "86400",
}


def server(contestant: Contestant, database_url: str, workers: int, log: Path) -> TwinServer:
    """Return a server with this number of workers, not started yet."""
    settings = {**SETTINGS, "WORKERS": str(workers)}
    if contestant.role == "bare":
        settings = bare.settings(settings)
        command = bare.command(contestant.runtime)
    else:
        command = command_for(contestant.name)
    return TwinServer(contestant.runtime, database_url, log, settings, command=command)
