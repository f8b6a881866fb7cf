"""What HTTP servers send by themselves: whether it is there is compared, and told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fixtures.flask_servers import Variant, new, old, serve
from fixtures.kiosk_server import DOCUMENT, PREFIX, make_kiosk
from test_planted_faults import run

from lockstep.compare.server_headers import ServerHeaders
from lockstep.transport.messages import Headers, Request, Response

DATE = ("Date", "Sun, 29 Nov 2026 09:00:00 GMT")
PLACE = "right", "listThings"


def answer(*headers: tuple[str, str], status: int = 200, closes: bool = False) -> Response:
    return Response(status, headers, b"", closes=closes)


def found(
    left: Response,
    right: Response,
    seen: ServerHeaders | None = None,
    request: Request | None = None,
) -> list[tuple[str, str, str]]:
    differences = (seen or ServerHeaders()).compare(PLACE, request, left, right)
    return [(each.where, each.left, each.right) for each in differences]


def test_values_differ_by_nature() -> None:
    other = answer(("date", "Sun, 29 Nov 2026 09:00:01 GMT"), ("Server", "b"))
    assert found(answer(DATE, ("Server", "a")), other) == []


@pytest.mark.parametrize("name", ["Date", "Server", "Connection", "Keep-Alive"])
def test_one_that_only_one_side_sends_is_found_from_both_sides(name: str) -> None:
    with_it, without = answer((name, "a")), answer()
    assert found(with_it, without) == [(f"header {name.lower()}", "a", "absent")]
    assert found(without, with_it) == [(f"header {name.lower()}", "absent", "a")]


def test_it_is_told_once_for_an_operation_and_a_status() -> None:
    seen = ServerHeaders()
    assert len(found(answer(DATE), answer(), seen)) == 1
    assert found(answer(DATE), answer(), seen) == []
    assert len(found(answer(DATE, status=404), answer(status=404), seen)) == 1


def test_a_connection_that_is_closed_is_another_difference() -> None:
    closing = answer(("Connection", "close"), closes=True)
    assert found(closing, answer()) == []


def test_what_the_client_asked_for_is_none() -> None:
    asking = Request("GET", "/", (("Connection", "close"),))
    assert found(answer(("Connection", "close")), answer(), request=asking) == []


HABITS: Headers = (("Keep-Alive", "timeout=5"),)


def compare(right: Variant) -> dict[str, Any]:
    with (
        serve("old", make_kiosk, old(), PREFIX) as one,
        serve("new", make_kiosk, right, PREFIX) as other,
    ):
        return run(DOCUMENT, [one, other], "--phase=examples")


def test_servers_with_other_habits_have_one_finding() -> None:
    """It is reproduced, the least of all, and says what RFC 9110 does."""
    report = compare(replace(new(), habits=HABITS, unsent=frozenset({"date", "server"})))
    [finding] = report["findings"]
    assert finding["reproduced"]
    assert finding["level"] == "low"
    assert {place["where"] for place in finding["places"]} == {
        *("header date", "header server", "header keep-alive"),
    }
    assert "RFC 91" in finding["silence"]


def test_they_bury_nothing() -> None:
    fault = "stale_pieces"
    report = compare(
        replace(new(fault), habits=HABITS, unsent=frozenset({"date", "server"})),
    )
    first, second = report["findings"]
    assert (first["operation"], first["where"]) == ("getBasket", "body /pieces")
    assert second["where"].startswith("header ")
    assert all(each["reproduced"] for each in report["findings"])
