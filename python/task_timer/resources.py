"""The resources of a process: created once by `create_app`, and passed to each request."""

from dataclasses import dataclass

from .config import Settings
from .contract import Contract
from .db import Database
from .services.password_service import Hashing, make_hashing
from .services.rate_limit_service import Windows
from .services.token_service import TokenRules


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
        hashing=make_hashing(contract),
        tokens=TokenRules(settings, contract),
        windows=Windows(),
        shutdown=Shutdown(),
    )
