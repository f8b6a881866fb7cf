"""The duration and load of a swap: PROFILE=quick|default|deep."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Times in seconds, the rate in requests per second.

    stay: the time between two moves. shares: Node's share of 100 requests, step by step; reversed
    on the way back. rounds: how often there and back. in_pairs: whether a process of each runtime
    is restarted at the same time.
    """

    users: int
    rate: int
    stay: float
    shares: tuple[int, ...]
    rounds: int
    in_pairs: bool
    shutdown_delay: int
    health_interval: float


# The schema is migrated at this share of Node.
MIGRATED_AT = 50

PROFILES: Mapping[str, Profile] = {
    "quick": Profile(
        users=24,
        rate=40,
        stay=1.2,
        shares=(50, 100),
        rounds=1,
        in_pairs=True,
        shutdown_delay=3,
        health_interval=0.5,
    ),
    "default": Profile(
        users=40,
        rate=60,
        stay=5,
        shares=(10, 50, 100),
        rounds=1,
        in_pairs=False,
        shutdown_delay=5,
        health_interval=1,
    ),
    "deep": Profile(
        users=80,
        rate=100,
        stay=10,
        shares=(1, 10, 25, 50, 75, 100),
        rounds=3,
        in_pairs=False,
        shutdown_delay=5,
        health_interval=1,
    ),
}
