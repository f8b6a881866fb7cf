"""The read-only replica of the database, and whether it can be used."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from .config import Settings
from .db import Database, run_on
from .outages import Outage
from .utils.logger import logger

R = TypeVar("R")

AVAILABLE, BEHIND, UNAVAILABLE = "available", "behind", "unavailable"


class Replica:
    """A replica that is used while it keeps up, and tried again after a pause.

    rules: `x-read-replica` of the contract. state: the latest that is known, one of `available`,
    `behind` and `unavailable`.
    """

    def __init__(self, settings: Settings, rules: dict[str, Any]) -> None:
        self.rules = rules
        self.state = AVAILABLE
        self.database = Database(settings, settings.database_read_url, rules["timeout_ms"])
        self._cause = ""
        self._next_try = 0.0

    def is_worth_a_try(self) -> bool:
        """Returns whether to use it; after a pause to one caller only."""
        now = time.monotonic()
        if self.state == AVAILABLE:
            return True
        if now < self._next_try:
            return False
        self._next_try = now + self.rules["pause_seconds"]
        return True

    def run(self, function: Callable[[], R]) -> R:
        """Runs what only reads on one connection to the replica."""
        return run_on(self.database, function)

    def keeps_up(self) -> None:
        """Notes that it can be used."""
        if self.state != AVAILABLE:
            logger().info("replica_available")
        self.state, self._cause = AVAILABLE, ""

    def fails(self, state: str, outage: Outage) -> None:
        """Notes that it cannot be used for a while, and why."""
        if self._cause != outage.cause:
            logger().warning(
                "replica_unavailable",
                cause=outage.cause,
                sqlstate=outage.sqlstate,
                exception=outage.exception,
            )
        self.state, self._cause = state, outage.cause
        self._next_try = time.monotonic() + self.rules["pause_seconds"]
        if outage.cause == "silent":
            self.database.renew()


def make_replica(settings: Settings, rules: dict[str, Any]) -> Replica | None:
    """Returns the replica that the settings name, if they name one."""
    return Replica(settings, rules) if settings.database_read_url else None
