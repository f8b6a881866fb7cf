"""Boundary values that are left out are counted once, however often a run sends requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from lockstep.drivers.fuzz import settings as fuzz_settings
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]


def test_values_that_are_left_out_are_counted_once(
    settings: Settings, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_settings, "_LEAST", 2)
    few = FuzzSettings(phases=("coverage",), max_examples=1, boundary_values=2)
    run = Run(replace(settings, fuzz=few))
    for _ in range(2):
        run.fuzz(servers())
    (sentence,) = [note for note in run.finish().not_judged if "boundary values" in note]
    assert sentence.endswith(" were left out: --profile deep sends them")
    assert " operations, " in sentence
