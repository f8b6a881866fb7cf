"""The fault driver: its files, and the relay between servers and databases."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.document import Document
from suite.faults.driver import FaultResult, finding_of
from suite.faults.files import choose, load_faults
from suite.faults.player import Played
from suite.faults.proxy import Proxy
from testbed.paths import CONTRACT

DOCUMENT = Document.load(CONTRACT)
FAULTS = load_faults(DOCUMENT)
SILENCE_SECONDS = 0.3
ENTRY = """
area: database
faults:
  - name: a
    about: a
    do: {do}
    answers: [{{ operation: {operation}, status: 200, within: 1 }}]
"""


def test_every_fault_has_an_expected_outcome() -> None:
    assert all(fault.answers or fault.ends or fault.recovers_within for fault in FAULTS)


def test_faults_are_selected_by_name() -> None:
    chosen = choose(FAULTS, "frozen, SIGHUP", is_short=False)
    assert {"the database is frozen", "SIGHUP under load"} <= {fault.name for fault in chosen}
    assert all("frozen" in fault.name or "SIGHUP" in fault.name for fault in chosen)


def test_unknown_fault_name_is_rejected() -> None:
    with pytest.raises(StoryError, match=r"there are .*the database is cut off"):
        choose(FAULTS, "thawed", is_short=False)


def test_short_run_has_fewer_faults_of_each_area() -> None:
    short = choose(FAULTS, "", is_short=True)
    assert {fault.area for fault in short} >= {"database", "processes"}
    assert len(short) < len(FAULTS) / 2
    assert choose(FAULTS, "", is_short=False)[: len(short)] == short


@pytest.mark.parametrize(
    ("deed", "operation", "message"),
    [
        ("{ database: broken }", "getTask", "/faults/0/do"),
        ("{ signal: HUP }", "getTask", "/faults/0/do"),
        ("{ database: cut }", "getNothing", "no operation getNothing"),
    ],
)
def test_invalid_fault_file_is_rejected(
    deed: str, operation: str, message: str, tmp_path: Path
) -> None:
    text = ENTRY.format(do=deed, operation=operation)
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StoryError, match=message):
        load_faults(DOCUMENT, tmp_path)


def test_finding_names_the_target_and_its_problem() -> None:
    played = {"python": Played(["too late"]), "node": Played()}
    finding = finding_of(FaultResult(FAULTS[0], played))
    assert finding.targets == ("python",)
    assert finding.values == {"python": "too late"}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A relay to an echo server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=[server], daemon=True).start()
        with Proxy(*server.getsockname()) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)


def _echo(server: socket.socket) -> None:
    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(100):
                connection.sendall(data)

    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=[connection], daemon=True).start()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def echoed(connection: socket.socket, seconds: float = 10) -> bytes | None:
    """The echoed bytes; empty at the end of the connection, None on silence."""
    connection.settimeout(seconds)
    try:
        connection.sendall(b"a")
        return connection.recv(100)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


def test_cut_relay_closes_connections(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert echoed(old) == b"a"
        proxy.cut()
        assert echoed(old) == b""
        with connect(proxy) as new:
            assert echoed(new) == b""
        proxy.heal()
        with connect(proxy) as again:
            assert echoed(again) == b"a"


def test_frozen_relay_is_silent_and_then_resumes(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert echoed(old) == b"a"
        proxy.freeze()
        with connect(proxy) as new:
            assert echoed(old, SILENCE_SECONDS) is None
            assert echoed(new, SILENCE_SECONDS) is None
            proxy.heal()
            old.settimeout(10)
            assert old.recv(100) == b"a"
            new.settimeout(10)
            assert new.recv(100) == b"a"


def test_swallowing_relay_affects_only_old_connections(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert echoed(old) == b"a"
        proxy.swallow()
        with connect(proxy) as new:
            assert echoed(new) == b"a"
        proxy.heal()
        assert echoed(old, SILENCE_SECONDS) is None
