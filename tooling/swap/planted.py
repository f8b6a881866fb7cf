"""Servers with deliberate faults that only a swap reveals.

python -m tooling.swap.planted NAME     runs the Python twin with a fault
"""

import hashlib
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

from testbed.paths import CONTRACT_TESTS, ROOT
from tooling.swap.fleet import Planted

FAILED, INCONSISTENT = "failed", "inconsistent"
CLOSED = "idle connections ended by servers"


@dataclass(frozen=True)
class Fault:
    """A fault. caught_as: one of these must be counted. plant: patches the Python twin."""

    about: str
    caught_as: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    plant: Callable[[], None] | None = None
    name: str = ""

    @property
    def planted(self) -> Planted:
        """The changes to the servers."""
        if self.plant is None:
            return Planted(self.settings, {})
        command = [sys.executable, "-m", "tooling.swap.planted", self.name]
        path = {"PYTHONPATH": os.pathsep.join((str(CONTRACT_TESTS), str(ROOT)))}
        return Planted({**self.settings, **path}, {"python": command})


def _never_say_503() -> None:
    ok = pkgutil.resolve_name("task_timer.api.answers:ok")

    def get_readiness(_system: Any, call: Any) -> Any:
        return ok(call, {"status": "ready"})

    mock.patch("task_timer.api.routes.system.System.get_readiness", get_readiness).start()


def _write_other_cursors() -> None:
    dump_json = pkgutil.resolve_name("task_timer.utils.json_text:dump_json")

    def dump_widely(value: Any) -> bytes:
        written: bytes = dump_json(value)
        return written.replace(b'":', b'": ')

    mock.patch("task_timer.utils.cursor.dump_json", dump_widely).start()


def _make_other_tags() -> None:
    sha256 = hashlib.sha256
    other = SimpleNamespace(sha256=lambda body: sha256(body + b"\n"))
    mock.patch("task_timer.utils.etag.hashlib", other).start()


_ALL = {
    "drain-ends-at-once": Fault(
        "Refuses connections as soon as it receives SIGTERM.",
        (FAILED,),
        {"SHUTDOWN_DELAY_SECONDS": "0"},
    ),
    "readiness-goes-on": Fault(
        "Reports that it is ready until it refuses connections.", (FAILED,), plant=_never_say_503
    ),
    "keep-alive-below-the-proxy": Fault(
        "Closes idle connections that the proxy still keeps open.",
        (CLOSED,),
        {"KEEP_ALIVE_SECONDS": "1"},
    ),
    "cursor-of-one-runtime": Fault(
        "Issues cursors that the other runtime rejects.", (FAILED,), plant=_write_other_cursors
    ),
    "etag-of-one-runtime": Fault(
        "Computes different entity tags than the other runtime.",
        (FAILED, INCONSISTENT),
        plant=_make_other_tags,
    ),
    "clients-are-one": Fault(
        "Treats all clients of the proxy as one client.", (FAILED,), {"TRUSTED_PROXY_HOPS": "0"}
    ),
}
FAULTS: Mapping[str, Fault] = {name: replace(each, name=name) for name, each in _ALL.items()}


def main() -> None:
    """Run the Python twin with a fault."""
    plant = FAULTS[sys.argv[1]].plant
    assert plant is not None
    plant()
    runpy.run_module("task_timer.main", run_name="__main__")


if __name__ == "__main__":
    main()
