"""How the calls that a server makes to others go through lockstep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where lockstep is the forward proxy of one target.

    `address` is the host and the port that it listens at. A call of another target than the first
    one that has no counterpart is refused, unless it `passes`. `authority` is the file with the
    certificate of the authority that the target trusts: without one HTTPS is tunnelled, and not
    read.
    """

    address: tuple[str, int]
    passes: bool = False
    authority: Path | None = None


def read_address(text: str) -> tuple[str, int]:
    """The host and the port of `HOST:PORT`; `ValueError` says what is wrong with it."""
    host, _, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) < 65_536:
        raise ValueError(f"effects.proxy: not HOST:PORT, such as 127.0.0.1:9001: {text}")
    return host.strip("[]"), int(port)
