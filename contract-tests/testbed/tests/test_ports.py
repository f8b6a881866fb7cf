"""Free ports, which stay reserved while a server restarts."""

import socket

from testbed.ports import free_port, is_free


def test_port_can_be_listened_on() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_preferred_port_is_taken_if_free() -> None:
    port = free_port()
    assert free_port(preferred=port) == port


def test_another_port_is_chosen_if_the_preferred_one_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert free_port(preferred=taken) != taken
