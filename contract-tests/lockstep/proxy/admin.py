"""The admin server of a running proxy, on a separate address."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry

from lockstep.proxy.feed import OFFERED, TAKEN, Shared
from lockstep.proxy.metrics import ProxyCollector
from lockstep.proxy.settings import Counts
from lockstep.warrant import Warrant, json_text
from lockstep.warrant.forms import html_text, markdown_text
from lockstep.warrant.recorder import Recorder

_SHUTDOWN_SECONDS = 1.0


@dataclass(slots=True)
class Admin:
    """Access to the current counts and the current warrant."""

    recorder: Recorder
    counts: Counts
    shared: Shared

    @property
    def waiting(self) -> int:
        """The number of requests that wait for comparison."""
        return max(0, self.shared[OFFERED] - self.shared[TAKEN])

    def warrant(self) -> Warrant:
        """Return the current warrant."""
        return self.recorder.warrant()

    def metrics(self) -> bytes:
        """Return the metrics in the Prometheus text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(ProxyCollector(self.warrant(), self.counts, self.waiting))
        return generate_latest(registry)


@asynccontextmanager
async def serving_admin(admin: Admin, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on a listening socket for the duration of the block."""
    application = web.Application()
    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/metrics", _metrics(admin))
    for path, (form, content_type) in _PAGES.items():
        application.router.add_get(path, _page(admin, form, content_type))
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


Handler = Callable[[web.Request], Awaitable[web.Response]]
_PAGES: Mapping[str, tuple[Callable[[Warrant], str], str]] = {
    "/warrant": (json_text, "application/json"),
    "/warrant.json": (json_text, "application/json"),
    "/warrant.html": (html_text, "text/html"),
    "/warrant.md": (markdown_text, "text/markdown"),
}
# Counts are outdated as soon as they are read.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n", headers=_HEADERS)


def _metrics(admin: Admin) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        headers = {**_HEADERS, "Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=admin.metrics(), headers=headers)

    return handle


def _page(admin: Admin, form: Callable[[Warrant], str], content_type: str) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(
            text=form(admin.warrant()),
            content_type=content_type,
            charset="utf-8",
            headers=_HEADERS,
        )

    return handle
