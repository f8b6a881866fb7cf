"""Reads each resource and list: all, headers only, without credentials, and as other users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from lockstep.drivers.walk.byte_ranges import byte_ranges, offers_ranges
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.entity_tags import NO_TAG, spellings
from lockstep.drivers.walk.identifiers import unknown
from lockstep.drivers.walk.items import Item, family_of, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.negotiation import offered, preferences
from lockstep.drivers.walk.pages import all_pages, first_page, largest_page, next_page, whole_page
from lockstep.drivers.walk.queries import Query, has_few_values, queries
from lockstep.drivers.walk.repeatable import changes_state, is_spent
from lockstep.drivers.walk.selection import lists
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import list_elements
from lockstep.transport.messages import Response

_FEW, _SOME = 3, 20
_MOST_QUERIES = 48
# For a document with many reads each has fewer queries, and still fewer when repeated.
_LEAST_QUERIES, _ALL_QUERIES, _QUERIES_AGAIN = 4, 2_000, 3
_FEW_QUERIES = 6
# Of a nested list that is probably empty.
_QUERIES_OF_NOTHING = 4
_FEW_OF_EACH, _MOST_OF_MANY = 5, 64
_MOST_PAGES = 3
_MOST_TAGGED = 4


@dataclass(slots=True)
class Reader:
    """Sends the safe requests of a walk."""

    maker: Maker
    _heads: set[str] = field(default_factory=set)
    _tried: set[str] = field(default_factory=set)
    _queried: set[str] = field(default_factory=set)
    _most: int = field(init=False)

    def __post_init__(self) -> None:
        reads = sum(one.method == "GET" for one in self._document.operations.values())
        self._most = max(_LEAST_QUERIES, min(_MOST_QUERIES, _ALL_QUERIES // max(1, reads)))

    @property
    def client(self) -> Client:
        """The client that sends the requests."""
        return self.maker.client

    @property
    def _document(self) -> Document:
        return self.client.document

    @property
    def _mine(self) -> str:
        return self.client.mine

    def _most_queries(self, operation: Operation) -> int:
        again = operation.name in self._queried and self._most < _MOST_QUERIES
        self._queried.add(operation.name)
        if self._most == _MOST_QUERIES:
            # A few of each parameter, however many there are.
            asked = sum(each.location == "query" for each in self.client.parameters(operation))
            return min(_MOST_OF_MANY, max(self._most, _FEW_OF_EACH * asked))
        return _QUERIES_AGAIN if again else self._most

    def list_after(self, maker: Operation) -> None:
        """Read the lists that show a created resource, before any other action on it."""
        families = self._document.families
        family = families.of(family_of(maker.path))
        for operation in lists(self._document):
            if families.about(operation.path) != family:
                continue
            chosen = [each for each in self.client.parameters(operation) if has_few_values(each)]
            for query in islice(queries(chosen, ()), _FEW_QUERIES):
                self._send(operation, {}, self._mine, query=query)

    def read(self, operation: Operation) -> None:
        """Read a few resources, or a list with every query; also, once, an unknown resource."""
        found = self._fullest(operation)
        if "{" in operation.path and not found:
            if operation.name not in self._tried:
                self._tried.add(operation.name)
                self._send(operation, unknown(self.client, operation), self._mine)
            return
        self.maker.needs.meet(operation, (found[0][0], None), self._mine)
        for values, item in found:
            if item is not None and self._is_spent(operation, values, item):
                return
            inside = self._inside(operation, values)
            items = inside or ([item] if item is not None else self._listed(operation))
            parameters = self.client.parameters(operation)
            items = [*items, *self._within(values)]
            chosen = queries(parameters, items, largest_page(parameters))
            most = self._most_queries(operation)
            if item is not None and self._is_list(operation) and not inside:
                most = min(most, _QUERIES_OF_NOTHING)
            for query in islice(chosen, most):
                exchange = self._send(operation, values, self._mine, query=query)
            if operation.method == "GET":
                self._turn_pages(operation, values)
                self._head(operation, values)
                self._condition(operation, values, exchange)
                self._read_parts(operation, values, exchange)
                self._negotiate(operation, values)
            self._read_as_others(operation, values)

    def _read_as_others(self, operation: Operation, values: Values) -> None:
        """Read as another user and as nobody; where nobody is asked who it is, as oneself.

        Who signs all the same may be shown more.
        """
        request = self.client.request(operation, values)
        open_to_all = self.client.signed(operation, request, self._mine) is request
        if open_to_all:
            self.client.send_as(self.client.sign(request, self._mine), self._mine)
        for stranger in ("",) if open_to_all else dict.fromkeys((self.client.other, "")):
            if stranger != self._mine:
                self._send(operation, values, stranger)

    def _is_list(self, operation: Operation) -> bool:
        """Return whether an operation reads a list of other resources within a resource."""
        around = operation.path[: operation.path.rfind("}") + 1]
        about = self._document.families.about
        return around not in ("", operation.path.rstrip("/")) and about(operation.path) != about(
            around
        )

    def _inside(self, operation: Operation, values: Values) -> list[Item]:
        """Return the known resources in a nested list, the newest first."""
        if not self._is_list(operation) or not values:
            return []
        family = self._document.families.about(operation.path)
        known = self.client.known.all(family, self._mine)
        return [item for item in known if values.items() <= item.outer.items()]

    def _within(self, values: Values) -> list[Item]:
        """Return some of the resources that are known in the resource of a path."""
        known = (item for item in reversed(self.client.known.items) if item.actor == self._mine)
        inside = (item for item in known if values and values.items() <= item.outer.items())
        return list(islice(inside, _SOME))

    def _fullest(self, operation: Operation) -> list[tuple[Values, Item | None]]:
        """Return the parameters of a few resources, those with the longest nested lists first."""
        found = list(islice(paths(self.client, operation, self._mine), _SOME))
        if self._is_list(operation):
            found.sort(key=lambda one: -len(self._inside(operation, one[0])))
        return found[:_FEW]

    def _turn_pages(self, operation: Operation, values: Values) -> None:
        """Read a list page by page, following the pagination of its responses."""
        parameters = self.client.parameters(operation)
        query: Query | None = first_page(parameters)
        for _ in range(_MOST_PAGES):
            if query is None:
                return
            answer = self._send(operation, values, self._mine, query=query).leader
            if not isinstance(answer, Response) or next(list_elements(answer), None) is None:
                return
            if f"pages {operation.path}" not in self._heads:
                self._heads.add(f"pages {operation.path}")
                whole = whole_page(answer, parameters)
                for large in [*([whole] if whole else []), *all_pages(answer, parameters)]:
                    self._send(operation, values, self._mine, query=large)
            query = next_page(answer, parameters, query)

    def _is_spent(self, operation: Operation, values: Values, item: Item) -> bool:
        """Whether a GET consumes its resource, so that it must not be repeated."""
        exchanger = self.client.exchanger
        if operation.name in exchanger.unrepeatable:
            if operation.name not in self._tried:
                self._tried.add(operation.name)
                self._send(operation, values, self._mine)
                self.client.known.use_up(operation.path, values, self._mine)
            return True
        if operation.name in self._tried or not item.made or item in self.client.known.gone:
            return False
        self._tried.add(operation.name)
        request = self.client.signed(operation, self.client.request(operation, values), self._mine)
        if is_spent(exchanger, request):
            exchanger.unrepeatable.add(operation.name)
            self.client.known.use_up(operation.path, values, self._mine)
            fresh = self.maker.live(operation, self._mine)
            if fresh is not None:
                self._send(operation, fresh, self._mine)
                self.client.known.use_up(operation.path, fresh, self._mine)
            return True
        return False

    def _head(self, operation: Operation, values: Values) -> None:
        """Send a HEAD request, once for each path."""
        documented = self._document.find("HEAD", operation.path) is not None
        if documented or operation.path in self._heads or changes_state(operation):
            return
        self._heads.add(operation.path)
        self.client.plainly("HEAD", operation, values, self._mine)

    def _condition(self, operation: Operation, values: Values, exchange: Exchange) -> None:
        """Send conditional requests, once for each path."""
        answer = exchange.leader
        tag = answer.header("etag") if isinstance(answer, Response) else None
        if tag is None or f"tag {operation.path}" in self._heads:
            return
        if not all(
            isinstance(o, Response) and o.header("etag") for o in exchange.outcomes.values()
        ):
            # Without a tag on all sides there is nothing to compare.
            return
        self._heads.add(f"tag {operation.path}")
        for value in (tag, *spellings(tag), "*", NO_TAG):
            self._send(operation, values, self._mine, headers={"If-None-Match": value})
        # Another representation has another tag (RFC 9110, section 8.8.3).
        parameters = self.client.parameters(operation)
        chosen = [each for each in parameters if has_few_values(each) or each.choices]
        others = (query for query in queries(chosen, ()) if query)
        first = self._send(operation, values, self._mine).leader
        tag = (first.header("etag") if isinstance(first, Response) else None) or tag
        for query in islice(others, _MOST_TAGGED):
            headers = {"If-None-Match": tag}
            self._send(operation, values, self._mine, query=query, headers=headers)
        for text in offered(operation)[1:]:
            headers = {"If-None-Match": tag, "Accept": text}
            self._send(operation, values, self._mine, headers=headers)

    def _read_parts(self, operation: Operation, values: Values, exchange: Exchange) -> None:
        """Read byte ranges of a representation, once for each path (RFC 9110, section 14)."""
        mark = f"range {operation.path}"
        if mark in self._heads or not offers_ranges(operation, exchange):
            return
        parts = byte_ranges(operation, exchange)
        if parts:
            self._heads.add(mark)
        for text in parts:
            self._send(operation, values, self._mine, headers={"Range": text})

    def _negotiate(self, operation: Operation, values: Values) -> None:
        """Ask for each media type that is offered, and, once for each path, prefer one of them.

        A refusal, as of what is not there yet, does not count.
        """
        types = offered(operation)
        asked = [*types[1:], *types[:1]]
        reads = operation.name in self.client.known.accepted
        if types and reads and f"accept {operation.path}" not in self._heads:
            self._heads.add(f"accept {operation.path}")
            asked += preferences(types)
        for text in asked:
            exchange = self._send(operation, values, self._mine, headers={"Accept": text})
            if text in types[1:]:
                self._read_all_as(operation, values, text, exchange)

    def _read_all_as(
        self, operation: Operation, values: Values, text: str, exchange: Exchange
    ) -> None:
        """Read a whole list in a media type, once: what has to be escaped in it may be rare."""
        answer = exchange.leader
        if f"all {text} {operation.path}" in self._heads or not isinstance(answer, Response):
            return
        self._heads.add(f"all {text} {operation.path}")
        for query in all_pages(answer, self.client.parameters(operation)):
            headers = {"Accept": text}
            self._send(operation, values, self._mine, query=query, headers=headers)

    def look(self, operation: Operation, values: Values) -> Exchange | None:
        """Read the resource of a path, if it can be read."""
        for method in ("GET", "HEAD"):
            reader = self._document.find(method, operation.path)
            if reader is not None and reader.path == operation.path:
                return None if changes_state(reader) else self._send(reader, values, self._mine)
        return None

    def look_around(self, operation: Operation, values: Values) -> None:
        """Read the resource of an operation, its siblings and its parents.

        Siblings may move up after a deletion, and a parent's count may change.
        """
        self.look(operation, values)
        whole, inner = operation.path, operation.path.rfind("{")
        wholes = [whole[: at + 1] for at, letter in enumerate(whole[:-1]) if letter == "}"]
        beside = [whole[:inner].rstrip("/")] if inner > 0 else []
        parts = whole.partition("{")[0].rstrip("/").split("/")
        outer_ones = ["/".join(parts[:at]) for at in range(len(parts) - 1, 1, -1)]
        for path in dict.fromkeys((*beside, *reversed(wholes), *outer_ones)):
            reader = self._document.find("GET", path)
            if reader is not None and reader.path == path and not changes_state(reader):
                outer = {name: values[name] for name in parameters_of(path)}
                self._send(reader, outer, self._mine)

    def look_everywhere(self, operation: Operation, values: Values) -> None:
        """Read the resource of an operation at each path that names it, by its slug as well."""
        bind, mine = self.client.known.bind, self._mine
        around = operation.path[: operation.path.rindex("}") + 1]
        named = [id(one) for one, known in bind(around, mine, live=True) if known == values]
        for reader in self._document.operations.values():
            if reader.method != "GET" or changes_state(reader) or "{" not in reader.path:
                continue
            bound = bind(reader.path, mine, live=True)
            found = next((known for each, known in bound if id(each) in named), None)
            if found is not None:
                self._send(reader, found, mine)

    def look_within(self, operation: Operation, values: Values) -> int:
        """Read what is within a resource and could never be read: it may be there by now.

        What can be read is asked for in other ways, too. Returns the number of first requests.
        """
        around = operation.path[: operation.path.rfind("}") + 1]
        read = 0
        for each in self._document.operations.values():
            inside = each.method == "GET" and each.path.startswith(f"{around}/")
            known = each.name in self.client.known.accepted or changes_state(each)
            if known or not inside or parameters_of(each.path) != parameters_of(around):
                continue
            read += 1
            exchange = self._send(each, values, self._mine)
            if each.name in self.client.known.accepted:
                self._condition(each, values, exchange)
                self._negotiate(each, values)
        return read

    def tag(self, operation: Operation, values: Values) -> str:
        """Return the entity tag of a resource, empty if it has none."""
        seen = self.look(operation, values)
        answer = seen.leader if seen is not None else None
        return (answer.header("etag") or "") if isinstance(answer, Response) else ""

    def _listed(self, operation: Operation) -> list[Item]:
        """Return the items that a list may show, the newest first, else any."""
        known = self.client.known
        family = self._document.families.about(operation.path)
        if not known.all(family, self._mine) and "{" not in operation.path:
            # They may have been forgotten, if many others were seen since.
            self._send(operation, {}, self._mine)
        others = [item for item in known.items if not item.user]
        listed = [item for item in known.all(family, self._mine) if not _is_page(item)]
        return listed or sorted(others, key=lambda item: not item.made)

    def _send(
        self,
        operation: Operation,
        values: Mapping[str, str],
        actor: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        request = self.client.request(operation, values, query=query, headers=headers)
        return self.client.send(operation, values, request, actor)


def _is_page(item: Item) -> bool:
    """Whether what was taken for a resource is an empty page of a list, with numbers beside it."""
    several = [value for value in item.shown.values() if not isinstance(value, int)]
    return bool(item.shown) and several == [[]]


def paths(client: Client, operation: Operation, actor: str) -> Iterator[tuple[Values, Item | None]]:
    """Yield the path parameters for resources that an actor has created or seen."""
    if "{" not in operation.path:
        yield {}, None
        return
    for item, values in client.known.bind(operation.path, actor):
        yield values, item
