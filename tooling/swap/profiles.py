"""How long the runtimes are swapped, and under which load: PROFILE=quick|default|deep."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """Times in seconds, the rate in requests a second.

    stay: how long the load goes on between two moves. shares: what Node gets of 100 requests, on
    the way there; on the way back the other way round. rounds: how often there and back.
    in_pairs: whether a process of each runtime is restarted at the same time.
    """

    users: int
    rate: int
    stay: float
    shares: tuple[int, ...]
    rounds: int
    in_pairs: bool
    shutdown_delay: int
    health_interval: float


# While Node gets so many of 100 requests, the schema is migrated.
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
