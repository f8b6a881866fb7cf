"""The resources of a process: created once by `create_app`, and passed to each request."""

from dataclasses import dataclass

from .config import Settings
from .contract import Contract
from .db import Database
from .replica import AVAILABLE, Replica, make_replica
from .services.password_service import Hashing, make_hashing
from .services.token_service import TokenRules
from .services.windows import Windows


@dataclass(slots=True)
class Shutdown:
    """Whether a signal has begun to stop the process, which still responds for a while."""

    has_begun: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """Settings, contract and what is derived from them; nothing else outlives a request."""

    settings: Settings
    contract: Contract
    database: Database
    replica: Replica | None
    hashing: Hashing
    tokens: TokenRules
    windows: Windows
    shutdown: Shutdown


def make_resources(settings: Settings, contract: Contract) -> Resources:
    """Creates the resources of a process, without connecting to anything."""
    return Resources(
        settings=settings,
        contract=contract,
        database=Database(settings),
        replica=make_replica(settings, contract["x-read-replica"]),
        hashing=make_hashing(contract),
        tokens=TokenRules(settings, contract),
        windows=Windows(settings.rate_limit_per_minute, contract["x-limit-sharing"]),
        shutdown=Shutdown(),
    )


def disconnect(resources: Resources) -> None:
    """Closes the connections to the databases."""
    resources.database.disconnect()
    if resources.replica is not None:
        resources.replica.database.disconnect()


def usage_of(resources: Resources) -> dict[str, float]:
    """Returns how much of the resources is in use, by the names of metrics."""
    running, queued = resources.hashing.queue.load()
    replica = resources.replica
    return {
        "db_pool_size": resources.settings.database_pool_size,
        "db_pool_in_use": resources.database.in_use,
        "db_pool_waiting": resources.database.waiting,
        "db_replica_available": int(replica is not None and replica.state == AVAILABLE),
        "password_queue_running": running,
        "password_queue_waiting": queued,
    }
