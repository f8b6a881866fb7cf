"""The settings of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.auth.actors import ActorSpec
from lockstep.confirm import ShrinkSettings
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.matching.rules import Rule
from lockstep.openapi.sharding import Shard

PROFILES: Mapping[str, FuzzSettings] = {
    "quick": FuzzSettings(max_examples=5, stateful_rounds=1, stateful_steps=6),
    "default": FuzzSettings(max_examples=25, stateful_rounds=5, stateful_steps=10),
    "deep": FuzzSettings(
        max_examples=300,
        stateful_rounds=100,
        stateful_steps=20,
        boundary_values=5_000,
        all_boundary_values=1_000_000,
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run.

    `document` is a file or a URL. `tolerance` is the maximum difference between clocks in seconds.
    `exempt` lists (operationId or `*`, status code) pairs that are documented but need not be seen;
    without `require_coverage` none need be. `nonce` makes the names of actors unique; by default it
    is random, so that runs can share databases. With a fixed one a run on fresh databases is
    reproducible. `fail_on` decides the exit code 1: `parity`, `conformance` or `any`. `secrets` are
    texts that no report may show. `shard` is the part of a run that is distributed over several
    processes. `include` are patterns of the only operations to judge, and `exclude` of those never
    requested (see `lockstep.openapi.selection`). The file `bystanders` defines resources to be
    checked beside stories, except in the mode `alone`. `origins` are those of web applications that
    the servers allow.
    """

    document: Path | str
    actors: tuple[ActorSpec, ...] = ()
    seed: int = 0
    nonce: str | None = None
    fuzz: FuzzSettings = field(default_factory=lambda: PROFILES["default"])
    confirm: ShrinkSettings = field(default_factory=ShrinkSettings)
    tolerance: float = 5.0
    known_differences: Path | None = None
    require_coverage: bool = True
    exempt: frozenset[tuple[str, int]] = frozenset()
    rules: tuple[Rule, ...] = ()
    secrets: frozenset[str] = frozenset()
    fail_on: str = "parity"
    shard: Shard | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    bystanders: Path | None = None
    origins: tuple[str, ...] = ()
