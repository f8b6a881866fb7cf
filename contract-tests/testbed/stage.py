"""Runs pairs of twins with databases for one part of a run."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lockstep.transport.targets import Target
from testbed.databases import Databases
from testbed.migrations import create_admin, migrate, seed
from testbed.postgres import PostgresServer
from testbed.servers import KINDS, TEST_SETTINGS, TwinServer, start_all

CLEAN, POPULATED = "clean", "populated"
OUTAGE = "outage"
PRODUCTION = "production"
CROSS_ORIGIN = "cross_origin"

# The server settings for the stories of a profile.
PROFILES: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "rate_limited": {"RATE_LIMIT_PER_MINUTE": "5"},
    "credential_limited": {"CREDENTIAL_LIMIT_PER_MINUTE": "4"},
    "without_grace": {"REFRESH_GRACE_SECONDS": "0"},
    "short_sessions": {"SESSION_SECONDS": "60"},
    CROSS_ORIGIN: {"CORS_ORIGINS": "https://app.example.com, http://localhost:3000"},
    OUTAGE: {"DATABASE_TIMEOUT_MS": "2000"},
    "development": {"APP_ENV": "development"},
    "behind_proxy": {"TRUSTED_PROXY_HOPS": "1"},
    PRODUCTION: {"APP_ENV": "production", "WORKERS": "2"},
}


class Stage:
    """Starts twins, each time with fresh copies of a template database.

    label: the prefix of the copies' names, so that stages of several processes do not collide.
    server: the embedded PostgreSQL with the databases; None for one that must not be stopped.
    servers: the servers to start, by their names in `servers.SERVERS`.
    """

    def __init__(
        self,
        databases: Databases,
        server: PostgresServer | None,
        logs: Path,
        label: str = "stage",
        servers: Sequence[str] = KINDS,
    ) -> None:
        self.databases = databases
        self.server = server
        self.logs = logs
        self.label = label
        self.servers = tuple(servers)
        # The process id of each server of the latest pair, by name.
        self.pids: dict[str, int] = {}
        # The log file of each server, the leader's first.
        self.log_files: dict[str, Path] = {}
        self._numbers = itertools.count(1)
        for log in logs.glob("*.log"):
            log.unlink()

    def prepare(self, *templates: str) -> None:
        """Create template databases: `clean` has an administrator, `populated` the sample data."""
        url = self.databases.create("migrated")
        migrate(url)
        for template in templates:
            url = self.databases.create(template, template="migrated")
            {CLEAN: create_admin, POPULATED: seed}[template](url)

    @property
    def controls(self) -> dict[str, Callable[[], None]]:
        """The actions of the `control` steps of stories."""
        if self.server is None:
            return {}
        return {"stop_database": self.server.stop, "start_database": self.server.restart}

    def can_play(self, profile: str) -> bool:
        """Whether stories of a profile can run: an external database cannot be stopped."""
        return profile != OUTAGE or self.server is not None

    @contextmanager
    def pair(
        self,
        template: str = CLEAN,
        *,
        profile: str = "default",
        shared: bool = False,
        leader: str | None = None,
        commands: Mapping[str, Sequence[str]] | None = None,
        sql: Mapping[str, Sequence[str]] | None = None,
        rows: bool = False,
    ) -> Iterator[list[Target]]:
        """Run the servers and yield them as targets, the leader first.

        shared: use one database for both; otherwise each has its own, equal at the start.
        commands: the command to run instead of a twin, by name. sql: statements to execute first.
        rows: include the database URLs in the targets, so that rows are compared.
        """
        number = next(self._numbers)
        base = f"{self.label}_{number}"
        kinds = sorted(self.servers, key=lambda kind: kind != leader)
        settings = {**TEST_SETTINGS, **PROFILES[profile]}
        with ExitStack() as stack:
            names = [base if shared else f"{base}_{kind}" for kind in kinds]
            for name in sorted(set(names)):
                self.databases.create(name, template=template)
                stack.callback(self.databases.drop, name)
            for kind, name in zip(kinds, names, strict=True):
                self.databases.execute(name, (sql or {}).get(kind, ()))
            stack.callback(self._revive)
            servers = [
                TwinServer(
                    kind,
                    self.databases.url(name),
                    self.logs / f"{number}-{kind}.log",
                    settings,
                    command=(commands or {}).get(kind),
                )
                for kind, name in zip(kinds, names, strict=True)
            ]
            stack.enter_context(start_all(servers))
            self.pids = {server.kind: server.pid for server in servers}
            self.log_files = {server.kind: server.log for server in servers}
            urls = [self.databases.url(name) if rows else None for name in names]
            yield [
                # statements.yaml says how many SQL statements each operation sends.
                Target(server.kind, server.base_url, database=url, counts_statements=False)
                for server, url in zip(servers, urls, strict=True)
            ]

    def _revive(self) -> None:
        """Restart the database if a story failed between stopping and starting it."""
        if self.server is not None and not self.server.is_running:
            self.server.restart()
