"""The settings of lockstep for the Task Timer: its document, users and stories."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lockstep.auth.actors import ActorSpec, Call
from lockstep.drivers.races.files import Race, load_races
from lockstep.openapi.document import Document
from lockstep.settings import PROFILES as AMOUNTS
from lockstep.settings import Settings
from testbed.migrations import ADMIN
from testbed.paths import CONTRACT, CONTRACT_TESTS
from testbed.servers import KINDS, SERVERS

STORIES = CONTRACT_TESTS / "stories"
TRAPS = CONTRACT_TESTS / "traps"
RACES = CONTRACT_TESTS / "races"
BYSTANDERS = CONTRACT_TESTS / "bystanders.yaml"
KNOWN_DIFFERENCES = CONTRACT_TESTS / "known-differences.yaml"
KNOWN_DIFFERENCES_OF_ADAPTERS = CONTRACT_TESTS / "known-differences-adapters.yaml"

# Equal on every machine, so that failures can be reproduced.
_USUAL_SEED = 20260201

_CREDENTIALS: Mapping[str, str] = {
    "email": "${actor}.${unique}@example.com",
    "password": "correct horse ${unique}",
}
_USER_CALLS: Any = {
    "register": Call("registerUser", _CREDENTIALS),
    "login": Call("logIn", _CREDENTIALS),
    "retire_after": frozenset({"deleteCurrentUser"}),
}
_ADMIN_LOGIN = Call("logIn", {"email": ADMIN.email, "password": ADMIN.password})

ACTORS = (
    ActorSpec("alice", weight=5, **_USER_CALLS),
    ActorSpec("bob", weight=3, **_USER_CALLS),
    # No other administrator can be registered, so this account must be kept.
    ActorSpec(
        "admin", login=_ADMIN_LOGIN, avoid=frozenset({"deleteCurrentUser", "updateCurrentUser"})
    ),
)


def seed() -> int:
    """Return SEED from the environment; by default a fixed one, or random for PROFILE=deep."""
    given = os.environ.get("SEED")
    if given:
        return int(given)
    return secrets.randbelow(2**31) if profile() == "deep" else _USUAL_SEED


def profile() -> str:
    """Return PROFILE from the environment: how much to send. Raises ValueError if it is unknown."""
    name = os.environ.get("PROFILE") or "default"
    if name not in AMOUNTS:
        raise ValueError(f"PROFILE={name}: must be one of {', '.join(AMOUNTS)}")
    return name


def servers() -> tuple[str, ...]:
    """Return SERVERS from the environment: the servers to compare, by default both twins.

    Raises ValueError for an unknown one, or fewer than two.
    """
    names = tuple((os.environ.get("SERVERS") or ",".join(KINDS)).split(","))
    if len(set(names)) < 2 or not set(names) <= SERVERS.keys():
        raise ValueError(f"SERVERS={','.join(names)}: name two or more of {', '.join(SERVERS)}")
    return names


def share_of_rounds() -> float:
    """Return the fraction of a race's rounds that the profile runs."""
    return {"quick": 0.25, "deep": 10.0}.get(profile(), 1.0)


def races(document: Document) -> list[Race]:
    """Return the races, with the number of rounds for the profile."""
    share = share_of_rounds()
    every = load_races(RACES, document)
    return [replace(race, rounds=max(1, round(race.rounds * share))) for race in every]


def settings(*, database_can_stop: bool = True, in_full: bool = True) -> Settings:
    """Return the settings of a run of the contract tests.

    database_can_stop: whether 503 can be provoked; otherwise it need not be seen.
    in_full: whether every documented status must be seen.
    """
    chosen = seed()
    twins = set(servers()) <= set(KINDS)
    known_differences = KNOWN_DIFFERENCES if twins else KNOWN_DIFFERENCES_OF_ADAPTERS
    return Settings(
        document=CONTRACT,
        actors=ACTORS,
        seed=chosen,
        # Each stage has separate databases, so names may repeat.
        nonce=f"{chosen:08x}",
        fuzz=AMOUNTS[profile()],
        known_differences=known_differences if known_differences.exists() else None,
        require_coverage=in_full,
        # Violations of the contract fail the run, like differences.
        fail_on="any",
        exempt=frozenset() if database_can_stop else frozenset({("*", 503)}),
        bystanders=BYSTANDERS,
    )
