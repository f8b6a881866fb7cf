"""Several workers share the requests without mixing their states; a single one is reproducible."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from lockstep.drivers.fuzz.driver import fuzz
from lockstep.drivers.fuzz.settings import FuzzSettings
from lockstep.exchange.exchanger import Exchanger
from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]
AMOUNTS = FuzzSettings(max_examples=3, stateful_rounds=2, stateful_examples=3, stateful_steps=4)


class Recorder(Target):
    """A target that records its requests."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.name, target.base_url)
        self.sent: list[tuple[str, str, bytes | None]] = []

    def encode(self, request: Request) -> bytes:
        self.sent.append((request.method, request.path, request.body))
        return super().encode(request)


def test_workers_share_the_requests_and_find_no_difference_between_equal_servers(
    settings: Settings, servers: Servers
) -> None:
    run = Run(replace(settings, fuzz=replace(AMOUNTS, workers=3)))
    stage = run.fuzz(servers())
    verdict = run.finish()
    assert [found for found in verdict.findings if found.category == "parity"] == []
    assert verdict.problems == []
    assert stage.exchanges == run.ledger.exchanges > 200
    operations = run.ledger.coverage.operations
    assert all(operations[name].requests for name in run.document.operations)
    assert {200, 404} <= operations["getNote"].statuses["right"].keys()


def test_several_workers_find_the_same_as_one(settings: Settings, servers: Servers) -> None:
    run = Run(replace(settings, fuzz=replace(AMOUNTS, workers=2)))
    run.fuzz(servers("text"))
    found = {(each.operation, each.where) for each in run.finish().findings}
    assert ("createNote", "body /text") in found


def test_a_run_with_one_worker_is_reproducible(settings: Settings, servers: Servers) -> None:
    fixed = replace(settings, nonce="n", fuzz=replace(AMOUNTS, phases=("coverage", "fuzzing")))
    sent = []
    for _ in range(2):
        targets = [Recorder(target) for target in servers()]
        Run(fixed).fuzz(targets)
        sent.append(
            [(method, path.count("/"), bool(body)) for method, path, body in targets[0].sent]
        )
    assert sent[0] == sent[1]


def test_an_exception_of_the_progress_callback_ends_all_workers(
    settings: Settings, servers: Servers
) -> None:
    class EnoughError(Exception):
        """Raised by the progress callback."""

    def enough(phase: str, _label: str) -> None:
        if phase.startswith("coverage"):
            raise EnoughError

    run = Run(settings)
    gate = ReadWriteLock()
    exchangers = [Exchanger(run.ledger, servers(), gate=gate) for _ in range(2)]
    lanes = [(each, run.actors(each, number)) for number, each in enumerate(exchangers)]
    with pytest.raises(EnoughError):
        fuzz(lanes, AMOUNTS, 1, enough)
    assert not [thread for thread in threading.enumerate() if "schemathesis" in thread.name]


def test_writes_are_exclusive_and_reads_are_concurrent() -> None:
    gate = ReadWriteLock()
    both = threading.Barrier(2, timeout=10)
    order: list[str] = []

    def read() -> None:
        with gate.passing("GET"):
            # Both readers must be inside of the gate at the same time.
            both.wait()
            order.append("read")

    def write() -> None:
        with gate.passing("POST"):
            order.append("write")

    readers = [threading.Thread(target=read) for _ in range(2)]
    readers[0].start()
    with gate.passing("HEAD"):
        readers[1].start()
        writer = threading.Thread(target=write)
        for reader in readers:
            reader.join(10)
        writer.start()
        writer.join(0.05)
        assert order == ["read", "read"]
    writer.join(10)
    assert order == ["read", "read", "write"]


def test_only_selected_operations_are_tested(settings: Settings, servers: Servers) -> None:
    run = Run(replace(settings, fuzz=replace(AMOUNTS, phases=("coverage", "fuzzing"))))
    run.choose(["getNote"])
    targets = servers()
    run.fuzz(targets)
    operations = run.ledger.coverage.operations
    tried = {name for name, record in operations.items() if record.requests}
    assert tried - {"registerUser", "logIn"} == {"getNote", "TRACE /notes/{note_id}"}
    # The prerequisite was created before.
    assert 200 in operations["getNote"].statuses["right"]
