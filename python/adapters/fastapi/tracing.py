"""Spans of requests, which begin at ASGI here. Imported only where the settings say so."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from task_timer.config import Settings
from task_timer.resources import Resources
from task_timer.server.tracing import CONVENTIONS, start_tracing, stop_tracing


class Traced:
    """Wraps an ASGI application, so that each request has a span."""

    def __init__(self, app: ASGIApp, resources: Resources) -> None:
        os.environ[CONVENTIONS] = "http,database"
        self.resources = resources
        self._app: Any = OpenTelemetryMiddleware(app, exclude_spans=["receive", "send"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request within its span."""
        await self._app(scope, receive, send)


@asynccontextmanager
async def exporting(settings: Settings) -> AsyncIterator[None]:
    """Exports the spans of this process until the context ends."""
    start_tracing(settings)
    yield
    stop_tracing()
