"""What a process holds: made once by `create_app`, and handed on to each request."""

from dataclasses import dataclass

from .config import Settings
from .contract import Contract
from .db import Database
from .services.password_service import Hashing, make_hashing
from .services.rate_limit_service import Windows
from .services.token_service import TokenRules


@dataclass(frozen=True, slots=True)
class Resources:
    """Settings and contract, and what is made of them once: nothing else outlives a request."""

    settings: Settings
    contract: Contract
    database: Database
    hashing: Hashing
    tokens: TokenRules
    windows: Windows


def make_resources(settings: Settings, contract: Contract) -> Resources:
    """Makes what a process holds, without a connection to anything."""
    return Resources(
        settings=settings,
        contract=contract,
        database=Database(settings),
        hashing=make_hashing(contract),
        tokens=TokenRules(settings, contract),
        windows=Windows(),
    )
