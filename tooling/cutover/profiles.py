"""How long a ramp takes, under which load, and which faults are planted: PROFILE=quick|default."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.servers import SERVERS, node_program

_PLANTED = Path(__file__).with_name("planted.mjs")
# A wrong server fails one request in so many.
EVERY = 300


@dataclass(frozen=True)
class Step:
    """A share of the traffic in percent, and how many seconds it lasts at least."""

    percent: int
    at_least: float


@dataclass(frozen=True)
class Profile:
    """Rate in requests a second, times in seconds.

    bound: all reads together diverge in less than so many percent, with 95 %. faults: those that
    are planted, one ramp each.
    """

    users: int
    rate: int
    bound: float
    steps: tuple[Step, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """A Node that is wrong: `first` is the number of the first request that it fails.

    in_shadow: whether the shadow before the ramp refuses it.
    """

    about: str
    first: int
    in_shadow: bool


FAULTS: Mapping[str, Fault] = {
    "reads": Fault("Fails one read in 300, including mirrored ones.", 40, True),
    "later": Fault("Fails one request in 300, starting with its first write.", 60, False),
    "writes": Fault("Fails one write in 300, but no reads.", EVERY, False),
}

PROFILES: Mapping[str, Profile] = {
    "quick": Profile(
        users=16,
        rate=40,
        bound=3,
        steps=(Step(0, 1.5), Step(10, 1.5), Step(50, 1.5), Step(100, 1)),
        faults=("later",),
    ),
    "default": Profile(
        users=16,
        rate=60,
        bound=0.5,
        steps=(Step(0, 10), *(Step(percent, 8) for percent in (1, 5, 25, 50)), Step(100, 20)),
        faults=("reads", "later", "writes"),
    ),
}


def command_of(name: str) -> tuple[list[str], dict[str, str]]:
    """The command of a Node with a fault, and the settings that it needs."""
    command = [node_program(), "--import", str(_PLANTED), *SERVERS["node"].program]
    return command, {"PLANTED": f"{name}:{EVERY}:{FAULTS[name].first}"}
