"""Compares which header fields the HTTP server or framework itself sends, whatever their values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lockstep.compare.json_style import JsonStyles, counted
from lockstep.matching.difference import Difference
from lockstep.transport.messages import Request, Response

# About the connection, not about the message (RFC 9110, 7.6.1).
_OF_THE_CONNECTION = ("connection", "keep-alive")
# Their values differ by nature; whether they are there does not.
SERVER_HEADERS = (*_OF_THE_CONNECTION, "date", "server", "x-powered-by")
_SOFTWARE = ("server", "x-powered-by")
ABSENT = "absent"
_OK = 200
# RFC 9110, 15.5.5 and 15.5.6.
_NO_ROUTE = frozenset({404, 405})
_REFUSED = frozenset(range(400, 500))


def is_of_another_stack(left: Response, right: Response) -> bool:
    """Whether what two responses say of the software that sent them differs, besides its version.

    It is what they name, or that one of them names none (RFC 9110, section 10.2.4).
    """
    return any(_products(left, name) != _products(right, name) for name in _SOFTWARE)


def _products(answer: Response, name: str) -> list[str]:
    """Return the products in a header field, without their versions."""
    return [each.partition("/")[0].lower() for each in (answer.header(name) or "").split()]


class ServerHeaders:
    """Remembers which answers were found to lack a header that those of the other target have.

    It is one fact about two servers, which every answer shows: each is reported once per operation
    and a status, so that what else differs there is not lost among them.
    """

    def __init__(self) -> None:
        self._reported: set[tuple[str, str, int, str]] = set()

    def compare(
        self, place: tuple[str, str], request: Request | None, left: Response, right: Response
    ) -> Iterator[Difference]:
        """Yield headers that only one of two answers of equal status has, unless reported before.

        `place` is the partner's name and that of the operation. Where one connection is closed and
        the other kept, that is the difference, and so it is where the client asked for it.
        """
        asked = request is not None and request.header("connection") is not None
        for name in SERVER_HEADERS:
            if name in _OF_THE_CONNECTION and (asked or left.closes != right.closes):
                continue
            ours, theirs = left.header(name), right.header(name)
            key = (*place, left.status, name)
            if (ours is None) == (theirs is None) or key in self._reported:
                continue
            self._reported.add(key)
            shown = (ABSENT if value is None else value for value in (ours, theirs))
            yield Difference("header", f"header {name}", *shown)


class EntityTags:
    """Remembers which targets send entity tags, to tell a framework's habit from a difference.

    Some frameworks add an `ETag` to every representation, whatever the application does; where no
    document speaks of it, a client cannot expect any (RFC 9110, section 8.8.3).
    """

    def __init__(self) -> None:
        self._sending: set[str] = set()
        # The targets that have sent a representation without one.
        self._lacking: set[str] = set()

    def note(self, name: str, request: Request | None, answer: Response) -> None:
        """Record whether a response has an entity tag."""
        if answer.header("etag") is not None:
            self._sending.add(name)
        elif request is not None and request.method == "GET" and answer.status == _OK:
            self._lacking.add(name)

    def is_habit(self, one: Difference, leader: str, partner: str) -> bool:
        """Whether one target has always sent entity tags so far, and the other one never."""
        if one.where != "header etag" or ABSENT not in (one.left, one.right):
            return False
        has, lacks = (leader, partner) if one.right == ABSENT else (partner, leader)
        return has not in self._lacking and lacks not in self._sending


class ServerHabits:
    """What the HTTP servers of targets send or leave out, where no document says anything of it.

    Two implementations of an API on different servers are alike all the same.
    """

    def __init__(self) -> None:
        self.json = JsonStyles()
        self.tags = EntityTags()
        # The operations by the target that sends a header, the one that does not, and the header.
        self._operations: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        # By the target that closes connections, and the one that keeps them open.
        self._closed: dict[tuple[str, str], set[str]] = defaultdict(set)
        # By the leader, the partner, and the status codes of their error pages.
        self._pages: dict[tuple[str, str, tuple[int, int]], set[str]] = defaultdict(set)
        # By the leader and the partner.
        self._worded: dict[tuple[str, str], set[str]] = defaultdict(set)

    def note(self, leader: str, partner: str, difference: Difference, operation: str) -> None:
        """Record that one of two targets lacks a header in its response to an operation."""
        has, lacks = (leader, partner) if difference.right == ABSENT else (partner, leader)
        header = difference.where.removeprefix("header ").title()
        self._operations[has, lacks, header].add(operation)

    def note_closing(self, closing: str, keeping: str, operation: str) -> None:
        """Record that only one of two targets closes the connection after its response."""
        self._closed[closing, keeping].add(operation)

    def note_pages(
        self, leader: str, partner: str, answers: tuple[Response, Response], operation: str
    ) -> None:
        """Record two different error pages of the frameworks themselves; see `are_error_pages`."""
        left, right = answers
        if (left.status, left.body) == (right.status, right.body):
            return
        self._pages[leader, partner, (left.status, right.status)].add(operation)

    def note_wording(self, names: tuple[str, str], operation: str) -> None:
        """Record two messages whose wording the document leaves to each target."""
        self._worded[names].add(operation)

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each pair of targets, with the headers that one of them sends.

        And one for each pair of which one closes connections that the other keeps open, for the
        status codes of error pages, and for messages in other words.
        """
        headers: dict[tuple[str, str], list[str]] = defaultdict(list)
        for (has, lacks, header), operations in sorted(self._operations.items()):
            headers[has, lacks].append(f"`{header}` ({counted(operations)})")
        for (has, lacks), names in headers.items():
            yield f"only the HTTP server of {has}, not that of {lacks}, sends {', '.join(names)}"
        for (closing, keeping), operations in sorted(self._closed.items()):
            yield (
                f"only the HTTP server of {closing}, not that of {keeping}, closes the connection "
                f"after responses ({counted(operations)})"
            )
        for (leader, partner, statuses), operations in sorted(self._pages.items()):
            codes = " and ".join(map(str, dict.fromkeys(statuses)))
            yield (
                f"the frameworks of {leader} and {partner} have different error pages for "
                f"undocumented paths and methods: {codes} ({counted(operations)})"
            )
        for (leader, partner), operations in sorted(self._worded.items()):
            yield (
                f"{leader} and {partner} word messages differently where the document says that "
                f"the wording may change ({counted(operations)})"
            )
        yield from self.json.sentences()


def are_error_pages(left: Response, right: Response) -> bool:
    """Whether two refusals of an undocumented request are HTML pages that say the same.

    A framework answers so where the application has no route; either that there is no such path or
    that the method is not allowed. The status codes must be the same, or these two.
    """
    statuses = {left.status, right.status}
    same = statuses <= _NO_ROUTE or (len(statuses) == 1 and statuses <= _REFUSED)
    return same and all(each.media_type == "text/html" for each in (left, right))
