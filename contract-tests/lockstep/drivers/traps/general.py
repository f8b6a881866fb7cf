"""Sends the general traps to any servers, and describes the differences."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep.drivers.traps.catalogue_files import GeneralTrap, NoPlaceError
from lockstep.drivers.traps.places import Places
from lockstep.drivers.traps.raw import TrapResult, shown
from lockstep.drivers.traps.wire import Conversation, Plain, converse
from lockstep.transport.credentials import DIGEST, Credential
from lockstep.transport.messages import NoResponse, Request, Response, status_of
from lockstep.transport.targets import Target

# The baseline for each place: the same request without the trap.
_PLAIN = {
    "get": "GET {get} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n",
    "item": "GET {item:lockstep} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n",
    "query": "GET {query:@=1} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n",
    "post": "POST {post} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n{headers}\r\n",
}
# A request line whose query can take one more parameter.
_REQUEST_LINE = re.compile(rb"(?P<before>[^\s]+ /[^\s?#]*)(?P<query>\?[^\s#]*)?(?= HTTP/)")
_SECRET = re.compile(r"authorization|cookie|token|secret|key", re.IGNORECASE)


def signed_targets(
    targets: Sequence[Target],
    credential: Credential | None,
    tokens: Mapping[str, str],
    timeout: float,
) -> list[Target]:
    """Return the targets with a user's token, by target name, in the headers of every request."""
    return [_signed(target, credential, tokens, timeout) for target in targets]


def signed_queries(credential: Credential | None, tokens: Mapping[str, str]) -> dict[str, str]:
    """Return the query parameter with a user's token by target name, if it belongs in the query."""
    if credential is None:
        return {}
    signed = {name: credential.put(Request("GET", "/"), token) for name, token in tokens.items()}
    queries = {name: request.path.partition("?")[2] for name, request in signed.items()}
    return {name: query for name, query in queries.items() if query}


def _signed(
    target: Target, credential: Credential | None, tokens: Mapping[str, str], timeout: float
) -> Target:
    headers = target.headers
    # The response to a challenge cannot be computed in advance.
    if credential not in (None, DIGEST) and target.name in tokens:
        signed = credential.put(Request("GET", "/"), tokens[target.name]).headers
        own = {name.lower() for name, _ in signed}
        headers = (*(item for item in headers if item[0].lower() not in own), *signed)
    return Target(
        target.name,
        target.base_url,
        timeout=timeout,
        stream_seconds=min(timeout, target.stream_seconds),
        headers=headers,
        tls=target.tls,
    )


# Minimum timeout for a response, in seconds, and as a multiple of the slowest plain response.
_SHORTEST_WAIT = 0.75
_WAIT_TIMES = 20


@dataclass(slots=True)
class GeneralRun:
    """The general traps on some servers.

    `usual` has the status code of each target for requests without a trap, by place. `unsteady` has
    sentences on traps with two different responses of one server, `left` the number of those
    skipped for lack of time. `queries` are added to every request, by target name. With `adapts`,
    the timeout for a fast target is shorter than the configured one.
    """

    targets: Sequence[Target]
    places: Places
    queries: Mapping[str, str] = field(default_factory=dict)
    usual: dict[str, dict[str, int | None]] = field(default_factory=dict)
    unsteady: list[str] = field(default_factory=list)
    adapts: bool = False
    left: int = 0
    _placeless: dict[str, list[str]] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)

    def learn_usual(self) -> None:
        """Send the requests without a trap to each target."""
        slowest = 0.0
        for place, template in _PLAIN.items():
            body = "{json}" if place == "post" else ""
            trap = GeneralTrap("", place, "", "", "", (), template, body, ())
            self.usual[place] = dict.fromkeys((target.name for target in self.targets), None)
            begun = time.monotonic()
            try:
                answers = self._ask(trap)
            except NoPlaceError:
                continue
            slowest = max(slowest, time.monotonic() - begun)
            line = self.encode(trap, self.targets[0]).split(b" HTTP/1.1", 1)[0]
            self._paths[place] = line.decode("latin-1")
            for name, conversation in answers.items():
                self.usual[place][name] = status_of(conversation.answer)
        for target in self.targets if self.adapts else ():
            target.timeout = min(target.timeout, max(_SHORTEST_WAIT, _WAIT_TIMES * slowest))

    def spring(
        self, traps: Sequence[GeneralTrap], seconds: float = math.inf
    ) -> Iterator[TrapResult]:
        """Send every trap to every target; `problems` of a result describe the differences.

        A trap is sent again when responses differ: a server whose own responses then differ is
        unsteady and not judged. None is started after `seconds`.
        """
        ending = time.monotonic() + seconds
        self.learn_usual()
        for number, trap in enumerate(traps):
            if time.monotonic() > ending:
                self.left = len(traps) - number
                return
            try:
                yield self._spring(trap)
            except NoPlaceError as lacking:
                self._placeless.setdefault(str(lacking), []).append(f"{trap.area}, {trap.name}")

    def untried(self) -> list[str]:
        """Return sentences on traps without a result: for lack of a place, or behind a log-in."""
        lines = [
            f"the document lacks {lacking}: {'; '.join(names)}"
            for lacking, names in self._placeless.items()
        ]
        for place, statuses in self.usual.items():
            closed = [name for name, status in statuses.items() if status in (401, 403, 429)]
            if closed:
                lines.append(
                    f"{self._paths[place]} gets {statuses[closed[0]]} from "
                    f"{', '.join(closed)} even without a trap: the code behind it was not "
                    "reached"
                )
        return lines

    def _spring(self, trap: GeneralTrap) -> TrapResult:
        heard = self._ask(trap)
        result = TrapResult(trap, sent=self._sent(trap))
        for name, conversation in heard.items():
            result.answers[name] = [conversation.answer, *conversation.more]
            result.shown[name] = describe(conversation, trap)
            result.agrees[name] = self.agrees(result, name)
        signs = {name: _sign(conversation, trap) for name, conversation in heard.items()}
        if len(set(signs.values())) == 1:
            return result
        again = {name: _sign(one, trap) for name, one in self._ask(trap).items()}
        if again != signs:
            self.unsteady.append(
                f"{trap.area}, {trap.name}: a server returned two different responses"
            )
            return result
        result.grade = self._grade(trap, heard)
        result.sign = tuple((name, *sign[:2]) for name, sign in signs.items())
        result.problems += [f"{name}: {text}" for name, text in result.shown.items()]
        return result

    def agrees(self, result: TrapResult, name: str) -> bool | None:
        """Whether a target's response agrees with the standard; `None` if none decides."""
        trap = result.trap
        status = status_of(result.answers[name][0])
        if not isinstance(trap, GeneralTrap) or not trap.statuses:
            return None
        usual = self.usual[trap.place][name]
        return any(_is(status, wanted, usual) for wanted in trap.statuses)

    def _ask(self, trap: GeneralTrap) -> dict[str, Conversation]:
        with ThreadPoolExecutor(max_workers=len(self.targets)) as threads:
            answers = threads.map(lambda target: self._converse(trap, target), self.targets)
            return {
                target.name: answer for target, answer in zip(self.targets, answers, strict=True)
            }

    def _converse(self, trap: GeneralTrap, target: Target) -> Conversation:
        data = self.encode(trap, target)
        plain = Plain(self._plain(target), self.usual.get("get", {}).get(target.name))
        return converse(target, data, trap.method, plain)

    def encode(self, trap: GeneralTrap, target: Target) -> bytes:
        """Return the bytes of a trap for one target."""
        own = {line.partition(":")[0].lower() for line in trap.template.split("\r\n")[1:]}
        given = [item for item in target.headers if item[0].lower() not in own]
        headers = "".join(f"{name}: {value}\r\n" for name, value in given)
        data = trap.encode(self.places, target.host, headers, _prefix(target))
        return self._asking(data, target)

    def _asking(self, data: bytes, target: Target) -> bytes:
        """Return the bytes with the target's query parameters added to the request line."""
        query = self.queries.get(target.name, "").encode("latin-1")
        found = _REQUEST_LINE.match(data) if query else None
        if found is None:
            return data
        given = found["query"]
        joint = b"&" if given and len(given) > 1 else b"" if given else b"?"
        return found[0] + joint + query + data[found.end() :]

    def _sent(self, trap: GeneralTrap) -> str:
        """Return the bytes for the first target as Latin-1 text, without the user's credentials."""
        first = self.targets[0]
        text = self.encode(trap, first).decode("latin-1")
        for name, value in first.headers:
            if _SECRET.search(name):
                text = text.replace(value, "***")
        for pair in filter(None, self.queries.get(first.name, "").split("&")):
            text = text.replace(pair, f"{pair.partition('=')[0]}=***")
        return text

    def _plain(self, target: Target) -> bytes:
        path = _prefix(target) + self.places.get
        lines = [f"GET {path} HTTP/1.1", f"Host: {target.host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in target.headers]
        return self._asking("\r\n".join([*lines, "", ""]).encode("latin-1"), target)

    def _grade(self, trap: GeneralTrap, heard: Mapping[str, Conversation]) -> str:
        """Return the severity of a difference: low if all refuse, that of the trap if one accepts.

        If the rest of a request gets a response of its own, it is always smuggling.
        """
        if any(conversation.more for conversation in heard.values()):
            return "smuggling"
        taken = {name for name, one in heard.items() if self._is_taken(trap, name, one)}
        if 0 < len(taken) < len(heard):
            return trap.grade
        if any((status_of(one.answer) or 0) >= 500 for one in heard.values()):
            return "interop"
        silent = any(isinstance(one.answer, NoResponse) for one in heard.values())
        return "interop" if silent and trap.grade != "cosmetic" else "cosmetic"

    def _is_taken(self, trap: GeneralTrap, name: str, conversation: Conversation) -> bool:
        status = status_of(conversation.answer)
        return status is not None and (status < 400 or status == self.usual[trap.place][name])


def describe(conversation: Conversation, trap: GeneralTrap) -> str:
    """Describe a target's response to a trap."""
    answer = conversation.answer
    if isinstance(answer, NoResponse):
        return shown(answer)
    text = shown(answer)
    for name in trap.headers:
        value = answer.header(name)
        text += f"; {name.title()}: {value}" if value is not None else f"; no {name.title()}"
    if conversation.more:
        statuses = ", ".join(str(one.status) for one in conversation.more)
        text += f"; the rest of it was handled as a separate request: {statuses}"
    return f"{text}; connection {conversation.connection}"


def _sign(conversation: Conversation, trap: GeneralTrap) -> tuple[object, ...]:
    """Return what is compared: status code, kind of body, connection, selected header fields."""
    answer = conversation.answer
    if isinstance(answer, NoResponse):
        return (answer.reason,)
    headers = tuple(_tokens(answer.header(name)) for name in trap.headers)
    more = tuple(one.status for one in conversation.more)
    return answer.status, body_kind(answer), conversation.connection, more, headers


def body_kind(answer: Response) -> str:
    """Return `nothing`, `JSON`, `HTML`, `text` or `other`."""
    media_type = answer.media_type or ""
    if not answer.body:
        return "nothing"
    if "json" in media_type:
        return "JSON"
    if "html" in media_type or re.match(rb"\s*<(!doctype|html)", answer.body, re.IGNORECASE):
        return "HTML"
    return "text" if media_type.startswith("text/") else "other"


def _tokens(value: str | None) -> frozenset[str] | None:
    return None if value is None else frozenset(part.strip() for part in value.split(","))


def _is(status: int | None, wanted: str, usual: int | None) -> bool:
    if wanted == "plain":
        return status == usual
    return re.fullmatch(wanted.replace("x", r"\d"), str(status)) is not None


def _prefix(target: Target) -> str:
    return urlsplit(target.base_url).path
