"""The driver of faults: what it reads, and the relay that it puts before databases."""

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


def test_each_fault_says_what_comes_of_it() -> None:
    assert all(fault.answers or fault.ends or fault.recovers_within for fault in FAULTS)


def test_some_are_chosen_by_their_names() -> None:
    chosen = choose(FAULTS, "frozen, SIGHUP", is_short=False)
    assert {"the database is frozen", "SIGHUP under load"} <= {fault.name for fault in chosen}
    assert all("frozen" in fault.name or "SIGHUP" in fault.name for fault in chosen)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(StoryError, match=r"there are .*the database is cut off"):
        choose(FAULTS, "thawed", is_short=False)


def test_the_short_form_has_fewer_of_each_kind() -> None:
    short = choose(FAULTS, "", is_short=True)
    assert {fault.area for fault in short} >= {"database", "processes"}
    assert len(short) < len(FAULTS) / 2
    assert choose(FAULTS, "", is_short=False)[: len(short)] == short


@pytest.mark.parametrize(
    ("deed", "operation", "told"),
    [
        ("{ database: broken }", "getTask", "/faults/0/do"),
        ("{ signal: HUP }", "getTask", "/faults/0/do"),
        ("{ database: cut }", "getNothing", "no operation getNothing"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(
    deed: str, operation: str, told: str, tmp_path: Path
) -> None:
    text = ENTRY.format(do=deed, operation=operation)
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StoryError, match=told):
        load_faults(DOCUMENT, tmp_path)


def test_a_finding_names_who_is_at_fault() -> None:
    played = {"python": Played(["too late"]), "node": Played()}
    finding = finding_of(FaultResult(FAULTS[0], played))
    assert finding.targets == ("python",)
    assert finding.values == {"python": "too late"}


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A relay to a server that sends back what it gets."""
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
    """What comes back; nothing at the end, None when it is silent."""
    connection.settimeout(seconds)
    try:
        connection.sendall(b"a")
        return connection.recv(100)
    except TimeoutError:
        return None
    except ConnectionError:
        return b""


def test_a_cut_relay_ends_connections(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert echoed(old) == b"a"
        proxy.cut()
        assert echoed(old) == b""
        with connect(proxy) as new:
            assert echoed(new) == b""
        proxy.heal()
        with connect(proxy) as again:
            assert echoed(again) == b"a"


def test_a_frozen_relay_is_silent_and_then_goes_on(proxy: Proxy) -> None:
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


def test_a_relay_swallows_what_is_old_alone(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert echoed(old) == b"a"
        proxy.swallow()
        with connect(proxy) as new:
            assert echoed(new) == b"a"
        proxy.heal()
        assert echoed(old, SILENCE_SECONDS) is None
