"""Servers that are wrong on purpose are servers."""

import os
import subprocess

import pytest

from tooling.swap.planted import FAULTS

PATCHED = [name for name, fault in FAULTS.items() if fault.plant is not None]


@pytest.mark.parametrize("name", PATCHED)
def test_twin_with_a_fault_runs(name: str) -> None:
    """It gets as far as its settings, from the directory that servers are started in."""
    planted = FAULTS[name].planted
    environment = {"PATH": os.environ["PATH"], "HOST": "a b", **planted.settings}
    done = subprocess.run(
        planted.commands["python"], env=environment, cwd="/", capture_output=True, text=True
    )
    assert done.stderr.splitlines() == [
        "HOST: must be a host name or address",
        "DATABASE_URL: required",
    ]
