"""What a run is told."""

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
    """What a run is told.

    `document` is a file or a URL. `tolerance` is how many seconds clocks may lie apart. `exempt`
    lists (operationId or `*`, status) pairs that are documented but need not be seen; without
    `require_coverage` none need be.
    `nonce` makes the names of actors new; by default it is random, so that a run can follow another
    on the same databases. With one of the caller's a run on fresh databases repeats exactly.
    `fail_on` is what makes the exit code 1: `parity`, `conformance` or `any`. `secrets` are texts
    that no report may show. Of several runs that play one together a `shard` is the part of one.
    `include` are patterns of the operations that alone are judged, and `exclude` of those that are
    never requested (see `lockstep.openapi.selection`).
    The file `bystanders` says who and what stands beside stories, but where each target is alone.
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
