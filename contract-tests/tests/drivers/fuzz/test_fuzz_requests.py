"""What the engine generates becomes a request that HTTP servers parse alike."""

from __future__ import annotations

import requests

from lockstep.drivers.fuzz.transport import request_of


def generated(**headers: str) -> dict[str, str]:
    """Return the headers that are sent for generated ones."""
    prepared = requests.Request("GET", "http://localhost/a", headers=headers).prepare()
    return dict(request_of(prepared).headers)


def test_header_values_have_no_control_characters() -> None:
    assert generated(tag='"a\x01\x7f\tb\xe9"') == {"tag": '"a\tb\xe9"'}


def test_fields_of_the_client_library_are_left_out() -> None:
    assert generated(Accept="*/*", tag="a", **{"Accept-Encoding": "br"}) == {"tag": "a"}
