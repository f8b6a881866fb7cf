"""Sends concurrent requests, and pairs their responses."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.transport.messages import Outcome, Request, Response
from lockstep.transport.targets import Connection, PendingExchange, Target, failure_of


def send_at_once(jobs: Sequence[tuple[Target, Request]], first: int = 0) -> list[Outcome]:
    """Send each request to its target at the same time, and return the outcomes in order of jobs.

    All connections are opened and all requests written but for their last byte. Then the last bytes
    are sent, microseconds apart, that of the job `first` before the others.
    """
    pending = [_hold_back(target, request) for target, request in jobs]
    turn = first % len(jobs)
    for waiting, last in (*pending[turn:], *pending[:turn]):
        _release(waiting, last)
    return [waiting.finish() for waiting, _ in pending]


def _hold_back(target: Target, request: Request) -> tuple[PendingExchange, bytes]:
    pending = PendingExchange(target, request)
    data = target.encode(request)
    try:
        pending.connection = Connection(target.connect())
    except OSError as error:
        pending.failure = failure_of(error, connecting=True)
        return pending, b""
    try:
        pending.connection.sock.sendall(data[:-1])
    except OSError as error:
        pending.failure = failure_of(error)
    return pending, data[-1:]


def _release(pending: PendingExchange, last: bytes) -> None:
    if pending.connection is None or pending.failure is not None:
        return
    try:
        pending.connection.sock.sendall(last)
    except OSError as error:
        pending.failure = failure_of(error)


def paired_by_likeness(rows: list[dict[str, Outcome]]) -> list[dict[str, Outcome]]:
    """Pair the most similar responses of the targets; each row maps target names to outcomes."""
    columns = {name: sorted((row[name] for row in rows), key=_rank) for name in rows[0]}
    return [{name: column[at] for name, column in columns.items()} for at in range(len(rows))]


def _rank(outcome: Outcome) -> tuple[int, list[str], bytes]:
    if not isinstance(outcome, Response):
        return 0, [], b""
    return outcome.status, sorted(name.lower() for name, _ in outcome.headers), outcome.body
