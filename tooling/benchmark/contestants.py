"""The servers that are compared, and how each is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testbed.servers import TEST_SETTINGS, Kind, TwinServer, command_for
from tooling.benchmark import baselines

Role = Literal["twin", "adapter"] | baselines.Baseline

# Database connections of each worker.
POOL_SIZE = 10


@dataclass(frozen=True)
class Contestant:
    """A server in the comparison.

    role: `twin`, `adapter` (another framework on top of a twin's services), or a baseline.
    knows: its operations, None for all of the contract.
    """

    name: str
    label: str
    runtime: Kind
    role: Role
    knows: frozenset[str] | None = None

    @property
    def is_baseline(self) -> bool:
        """Whether it has some operations only, and no recovery, lines or packages to measure."""
        return self.role not in ("twin", "adapter")

    def can(self, mix: Mapping[str, int]) -> bool:
        """Whether it has all operations of a mix."""
        return self.knows is None or set(mix) <= self.knows


CONTESTANTS = (
    Contestant("python", "Flask, SQLAlchemy, uvicorn", "python", "twin"),
    Contestant("node", "Express, Prisma", "node", "twin"),
    Contestant("fastapi", "FastAPI, SQLAlchemy, uvicorn", "python", "adapter"),
    Contestant("fastify", "Fastify, Prisma", "node", "adapter"),
    Contestant("bare-python", "psycopg, uvicorn", "python", "bare", baselines.OPERATIONS),
    Contestant("bare-node", "node:http, pg", "node", "bare", baselines.OPERATIONS),
    Contestant(
        "tutorial-python",
        "Flask, SQLAlchemy and marshmallow, as in tutorials",
        "python",
        "tutorial",
        baselines.OPERATIONS,
    ),
    Contestant(
        "tutorial-node",
        "Express and Prisma, as in tutorials",
        "node",
        "tutorial",
        baselines.OPERATIONS,
    ),
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
    if contestant.role == "bare" or contestant.role == "tutorial":
        settings = baselines.settings(settings)
        command = baselines.command(contestant.role, contestant.runtime)
    else:
        command = command_for(contestant.name)
    return TwinServer(contestant.runtime, database_url, log, settings, command=command)
