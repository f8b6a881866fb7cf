"""Numbers that servers count up may come apart after something was created on one side only."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fixtures.scripted import answer, exchanger, plain_document

from lockstep.compare.answers import Comparer
from lockstep.compare.counters import Counters
from lockstep.matching import Clock, Difference
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

DOCUMENT = Document(plain_document())
POST = Request("POST", "/tasks", (("Content-Type", "application/json"),), b'{"title": "a"}')


class Servers:
    """Two servers whose tasks have a number, compared by one comparer."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.comparer = Comparer(
            DOCUMENT, SymbolTable(["right"]), Clock(), leader="left", counters=self.counters
        )
        self._made = 0

    def create(self, left: object, right: object) -> list[Difference]:
        """Compare two created tasks with these numbers."""
        self._made += 1
        task = {"id": self._made, "title": "a"}
        made = [answer({**task, "number": number}, 201) for number in (left, right)]
        operation = DOCUMENT.operations["createTask"]
        return self.comparer.compare(operation, made[0], made[1], "right", requests=(POST, POST))

    def read(self, left: object, right: object) -> list[Difference]:
        """Compare the first task with these numbers."""
        shown = [answer({"id": 1, "title": "a", "number": number}) for number in (left, right)]
        asked = Request("GET", "/tasks/1")
        operation = DOCUMENT.operations["getTask"]
        return self.comparer.compare(
            operation, shown[0], shown[1], "right", requests=(asked, asked)
        )

    def count_alike(self, numbers: Sequence[object] = ("T-006", "T-007", "T-008", "T-009")) -> None:
        """Create tasks with the same numbers on both."""
        for number in numbers:
            assert not self.create(number, number)


def test_numbers_come_apart_after_something_was_created_on_one_side_only() -> None:
    servers = Servers()
    servers.count_alike()
    servers.counters.disturb()
    assert not servers.create("T-010", "T-012")
    assert not servers.create("T-011", "T-013")
    assert not servers.read("T-010", "T-012")


def test_whole_numbers_count_too() -> None:
    servers = Servers()
    servers.count_alike((8, 9, 10, 11))
    servers.counters.disturb()
    assert not servers.create(12, 13)
    assert not servers.read(12, 13)


def test_numbers_that_come_apart_without_a_reason_differ() -> None:
    servers = Servers()
    servers.count_alike()
    assert servers.create("T-010", "T-011")


def test_another_number_of_a_known_resource_differs() -> None:
    servers = Servers()
    servers.count_alike()
    servers.counters.disturb()
    assert not servers.create("T-010", "T-012")
    assert servers.read("T-010", "T-011")


@pytest.mark.parametrize("numbers", [("T-001", "T-003"), ("T-005", "T-006"), ("x", "y")])
def test_what_was_not_counted_alike_before_differs(numbers: tuple[str, str]) -> None:
    servers = Servers()
    servers.counters.disturb()
    assert servers.create(*numbers)
    servers.counters.disturb()
    assert servers.create(*numbers)


def test_a_number_that_one_side_uses_again_differs() -> None:
    servers = Servers()
    servers.count_alike()
    servers.counters.disturb()
    assert servers.create("T-010", "T-009")


def test_a_price_is_no_counter() -> None:
    servers = Servers()
    servers.count_alike(("1.05", "1.99", "2.49", "12.00"))
    servers.counters.disturb()
    assert servers.create("12.49", "12.50")


def test_the_number_of_an_older_resource_does_not_end_the_count() -> None:
    servers = Servers()
    servers.count_alike()
    servers.count_alike(("T-007",))
    servers.counters.disturb()
    assert not servers.create("T-010", "T-011")


class Tasks:
    """A server that numbers its tasks; it refuses those called `only left` unless it is lenient."""

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._last = 0

    def skip(self) -> None:
        """Leave out a number."""
        self._last += 1

    def __call__(self, request: Request) -> Outcome:
        if b"only left" in (request.body or b"") and not self._lenient:
            return answer({"error": "invalid"}, 422)
        self._last += 1
        return answer({"id": self._last, "title": "a", "number": f"T-{self._last:03}"}, 201)


def test_a_creation_on_one_side_only_is_one_finding() -> None:
    both, _ = exchanger(Tasks(lenient=True), Tasks(lenient=False))
    for _ in range(5):
        assert not both.send(POST).differences["right"]
    parted = both.send(Request("POST", "/tasks", POST.headers, b'{"title": "only left"}'))
    assert [each.kind for each in parted.differences["right"]] == ["status"]
    assert not both.send(POST).differences["right"]


@pytest.mark.parametrize(("method", "differs"), [("GET", True), ("POST", False)])
def test_only_writes_that_are_not_compared_are_a_reason(method: str, *, differs: bool) -> None:
    skips = Tasks(lenient=True)
    both, _ = exchanger(Tasks(lenient=True), skips)
    for _ in range(5):
        assert not both.send(POST).differences["right"]
    both.ask(Request(method, "/tasks", POST.headers, POST.body))
    skips.skip()
    assert bool(both.send(POST).differences["right"]) is differs
