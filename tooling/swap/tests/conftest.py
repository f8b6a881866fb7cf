"""The data of a made-up swap."""

from pathlib import Path

import pytest

from testbed.servers import TwinServer
from tooling.swap.clients import Observations, Sample
from tooling.swap.fleet import Instance
from tooling.swap.ledger import Ledger
from tooling.swap.run import Move, Swapped

BEGIN = 1_000.0


@pytest.fixture
def swapped() -> Swapped:
    """Four successful requests in two seconds, one of them served by Node."""
    samples = [
        Sample(BEGIN + offset, milliseconds, "getTask", "ok", f"u0.{number}")
        for number, (offset, milliseconds) in enumerate(
            [(0.0, 4.0), (0.5, 6.0), (1.0, 8.0), (1.5, 40.0)]
        )
    ]
    served = {"python-1": {"u0.0": 1, "u0.1": 1, "u0.2": 1}, "node-1": {"u0.3": 1}}
    return Swapped(
        observed=Observations(samples, [], []),
        ledger=Ledger(rows=7),
        moves=[Move("50 % to Node", BEGIN + 1, BEGIN + 1.1)],
        served=served,
        instances=tuple(
            Instance(name, TwinServer(name.partition("-")[0], "", Path("log"))) for name in served
        ),
        problems=[],
    )
