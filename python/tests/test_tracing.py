"""The trace of a request, read from its traceparent header."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import yaml

from task_timer.app import TaskTimer
from task_timer.config import REPOSITORY, Settings
from task_timer.contract import Contract
from task_timer.utils.tracing import Trace, parse_traceparent

from .clients import Client
from .conftest import made

GRID = yaml.safe_load((REPOSITORY / "contract-tests/traceparents.yaml").read_bytes())


@pytest.fixture(scope="module")
def app(printed: BytesIO, settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    assert printed.getvalue() == b""
    with made(settings, contract) as app:
        yield app


@pytest.mark.parametrize("case", GRID, ids=lambda case: case["header"])
def test_trace_is_parsed_from_its_header(case: dict[str, Any]) -> None:
    trace = Trace(*case["ids"]) if "ids" in case else None
    assert parse_traceparent(case["header"]) == trace


def test_log_has_the_trace(app: TaskTimer, printed: BytesIO) -> None:
    printed.seek(0)
    printed.truncate()
    sent = GRID[0]
    Client(app).get("/health", traceparent=sent["header"])
    Client(app).get("/health")
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    assert [lines[0]["trace_id"], lines[0]["span_id"]] == sent["ids"]
    assert "trace_id" not in lines[1]
