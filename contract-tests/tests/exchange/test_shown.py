"""The resources in the responses of an exchange are known, even if one side alone shows them."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.scripted import answer, exchanger

from lockstep.transport.messages import Outcome, Request

CREATE = Request("POST", "/tasks", (("Content-Type", "application/json"),), b'{"title": "a"}')


def tasks(*listed: int) -> Callable[[Request], Outcome]:
    """A server that makes task 7, and lists the tasks with these numbers."""

    def respond(request: Request) -> Outcome:
        if request.method == "POST":
            return answer({"id": 7, "title": "a"}, 201)
        return answer([{"id": number, "title": "a"} for number in listed])

    return respond


def test_what_a_partner_alone_lists_is_traced_to_its_creation() -> None:
    both, _ = exchanger(tasks(), tasks(7))
    made = both.send(CREATE)
    listed = both.send(Request("GET", "/tasks"))
    assert listed.differences["right"]
    assert [each.label for each in both.trace.making(listed)] == [made.label, listed.label]
