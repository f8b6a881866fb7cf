"""Forwards one request to the first target, and its response back, chunk by chunk."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import ClientError, ClientResponse, ClientSession, HttpVersion11, web
from multidict import CIMultiDict
from yarl import URL

from lockstep.proxy.feed import Feed
from lockstep.proxy.flow import Passage
from lockstep.proxy.settings import READS, ProxySettings
from lockstep.proxy.traffic import Answered, Fate, Mirrored
from lockstep.proxy.wire import Copy, end_to_end
from lockstep.transport.messages import Headers, Request, Response
from lockstep.transport.streams import is_stream

# `Host` is the target's; the proxy has already handled `Expect` when it forwards the body.
_NOT_SENT_ON = frozenset({"expect", "host"})
# The length of a body may change with the ids of a mirror.
_NOT_COPIED = _NOT_SENT_ON | {"content-length"}
_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_HOW_FAR = "1.1 lockstep"
# The names of the header fields that the leader has sent.
_ANSWERED: web.ResponseKey[set[str]] = web.ResponseKey("answered", set)


@dataclass(frozen=True, slots=True)
class Leader:
    """The target whose responses clients get.

    `strips` is the path of the base URL, which is removed from the start of request paths.
    """

    name: str
    base_url: str
    headers: Headers
    stream_seconds: float
    tls: ssl.SSLContext | bool
    strips: str = ""

    def below(self, path: str) -> str:
        """Return the path of a client relative to the base URL."""
        if self.strips and path.startswith(self.strips):
            rest = path[len(self.strips) :]
            if not rest or rest[0] in "/?":
                return rest
        return path


class Forwarder:
    """Responds to clients from the leader; mirroring never blocks."""

    def __init__(
        self, leader: Leader, session: ClientSession, feed: Feed, settings: ProxySettings
    ) -> None:
        self._leader = leader
        self._session = session
        self._feed = feed
        self._settings = settings
        self._sampling = random.SystemRandom()

    async def handle(self, client: web.Request) -> web.StreamResponse:
        """Handle one request; 501 for a WebSocket, 502 and 504 if the leader does not respond."""
        if client.headers.get("Upgrade", "").strip().lower() == "websocket":
            return _failure(501, "lockstep does not proxy WebSockets")
        passage = self._begin(client)
        try:
            return await self._pass_on(client, passage)
        except asyncio.CancelledError:
            self._feed.left += 1
            raise
        finally:
            if passage.end() and passage.writes and self._settings.mirrors(client.method):
                # The leader may have executed it, and no mirror will.
                self._feed.lost += 1

    def _begin(self, client: web.Request) -> Passage:
        limit = self._settings.body_limit
        headers = end_to_end(client.raw_headers, dropped=_NOT_COPIED)
        request = Request(client.method, _target(client), headers)
        epoch = self._feed.began(writes=request.method not in READS)
        started = time.monotonic()
        return Passage(request, Copy(limit), Copy(limit), self._feed, epoch, started)

    async def _pass_on(self, client: web.Request, passage: Passage) -> web.StreamResponse:
        try:
            answer = await self._ask(client, passage)
        except TimeoutError as error:
            return self._failed(504, error, passage)
        except (ClientError, ValueError) as error:
            return self._failed(502, error, passage)
        async with answer:
            return await self._answer(client, answer, passage)

    async def _ask(self, client: web.Request, passage: Passage) -> ClientResponse:
        request = passage.request
        place = self._leader.base_url + self._leader.below(request.path)
        pairs = CIMultiDict(end_to_end(client.raw_headers, dropped=_NOT_SENT_ON))
        pairs.add("Via", _HOW_FAR)
        for name, value in self._leader.headers:
            pairs.setdefault(name, value)
        return await self._session.request(
            request.method,
            URL(place, encoded=True),
            headers=pairs,
            data=_body(client, passage.sent) if client.can_read_body else None,
            allow_redirects=False,
            ssl=self._leader.tls,
            skip_auto_headers=_OWN,
        )

    async def _answer(
        self, client: web.Request, answer: ClientResponse, passage: Passage
    ) -> web.StreamResponse:
        """Stream the response, until it ends or one of the two sides disconnects.

        A stream may never end, so the mirrors get what was received within a time limit.
        """
        headers = CIMultiDict(end_to_end(answer.raw_headers))
        self._relocate(headers, client)
        response = web.StreamResponse(
            status=answer.status, reason=answer.reason or "", headers=headers
        )
        response[_ANSWERED] = {name.lower() for name in headers}
        cut = partial(self._done, passage, answer, cut=True)
        is_endless = is_stream(answer.headers.get("Content-Type"))
        wait = self._leader.stream_seconds
        timer = asyncio.get_running_loop().call_later(wait, cut) if is_endless else None
        try:
            await response.prepare(client)
            while chunk := await self._next(client, answer):
                passage.kept.add(chunk)
                if answer.content.at_eof():
                    self._done(passage, answer)
                await response.write(chunk)
            self._done(passage, answer)
            await response.write_eof()
        except ConnectionResetError:
            self._feed.left += 1
        finally:
            if timer is not None:
                timer.cancel()
                # Clients leave a stream when they have what they want.
                if passage.kept.size:
                    cut()
        return response

    async def _next(self, client: web.Request, answer: ClientResponse) -> bytes:
        try:
            return await answer.content.readany()
        except ClientError:
            self._feed.failed += 1
            # The client must not mistake a partial response for a complete one.
            if client.transport is not None:
                client.transport.abort()
            raise ConnectionResetError from None

    def _relocate(self, headers: CIMultiDict[str], client: web.Request) -> None:
        """Rewrite a redirect to the leader, so that clients stay on the proxy."""
        place, base = headers.get("Location", ""), self._leader.base_url
        if place == base or place.startswith((base + "/", base + "?")):
            headers["Location"] = f"{client.scheme}://{client.host}{place[len(base) :]}"

    def _done(self, passage: Passage, answer: ClientResponse, *, cut: bool = False) -> None:
        """Offer the exchange to the mirrors once: complete, or `cut` for a stream."""
        if not passage.end():
            return
        self._feed.answered += 1
        fate = self._offered(passage, answer, cut=cut)
        request = passage.request
        if fate is not Fate.MIRRORED:
            self._feed.note(Answered(request.method, request.path, answer.status, fate))

    def _offered(self, passage: Passage, answer: ClientResponse, *, cut: bool) -> Fate:
        request, kept = passage.request, passage.kept
        if not self._settings.mirrors(request.method):
            return Fate.PASSED
        if passage.sent.is_cut:
            self._feed.lost += 1
            return Fate.LOST
        if not passage.writes and self._sampling.random() >= self._settings.sample:
            return Fate.PASSED
        outcome = Response(
            answer.status,
            _plain(answer.raw_headers),
            kept.body,
            answer.reason or "",
            closes=_closes(answer),
            cut=cut,
        )
        whole = replace(request, body=passage.sent.body or None)
        took = time.monotonic() - passage.started
        item = Mirrored(whole, outcome, passage.epoch, is_cut=kept.is_cut, seconds=took)
        return self._feed.offer(item)

    def _failed(self, status: int, error: Exception, passage: Passage) -> web.Response:
        self._feed.failed += 1
        request = passage.request
        self._feed.note(Answered(request.method, request.path, status, Fate.UNANSWERED))
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        return _failure(status, f"{self._leader.name} did not respond: {what}")


async def without_additions(_client: web.Request, response: web.StreamResponse) -> None:
    """Remove header fields that aiohttp adds to the leader's; for `on_response_prepare`."""
    answered = response.get(_ANSWERED)
    for name in ("Content-Type", "Date", "Server"):
        if answered is not None and name.lower() not in answered:
            response.headers.popall(name, None)


def _closes(answer: ClientResponse) -> bool:
    """Whether the leader closes the connection after this response (RFC 9112, section 9.3)."""
    options = {part.strip() for part in answer.headers.get("Connection", "").lower().split(",")}
    kept = answer.version is None or answer.version >= HttpVersion11 or "keep-alive" in options
    return "close" in options or not kept


def _plain(headers: tuple[tuple[bytes, bytes], ...]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


async def _body(client: web.Request, sent: Copy) -> AsyncIterator[bytes]:
    while chunk := await client.content.readany():
        sent.add(chunk)
        yield chunk


def _target(client: web.Request) -> str:
    """Return the raw path and query, also for a request in absolute form (RFC 9112, 3.2.2)."""
    raw = client.raw_path
    if raw.startswith("/"):
        return raw
    return URL(raw, encoded=True).raw_path_qs


def _failure(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"lockstep proxy: {text}\n")
