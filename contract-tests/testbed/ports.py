"""Loopback ports for the servers under test."""

import random
import socket

# Below the ranges that Linux (from 32768) and macOS (from 49152) use for outgoing connections, so
# that none of these takes the port of a server while it restarts.
_FIRST, _LAST = 20000, 32000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """Choose a free port of 127.0.0.1, the preferred one if it is free.

    The port is not reserved: a server that fails to bind must choose again.
    """
    if preferred is not None and is_free(preferred):
        return preferred
    candidates = random.sample(range(_FIRST, _LAST), 200)
    for port in candidates:
        if is_free(port):
            return port
    raise RuntimeError(f"No free port found between {_FIRST} and {_LAST}.")
