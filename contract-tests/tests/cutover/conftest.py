"""The stand for ramps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.cutover import Stand, standing


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Two judges, a Caddy, and a folder for the plan."""
    with standing(tmp_path) as made:
        yield made
