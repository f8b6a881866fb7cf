"""Spans of requests and their statements, as OpenTelemetry exports them.

Imported only where the settings say so. Spans begin in the instrumentations of WSGI and psycopg.
Flask's, which is that of WSGI and a route, would name `<task_id>` where Express has `:task_id`,
also for requests that are refused before routing; SQLAlchemy's would double each statement. What
they report is brought into the form that both twins have, without what users have written.
"""

import os
import re
from collections.abc import Mapping, Sequence
from threading import Thread
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode, format_span_id, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from psycopg import errors

from ..config import Settings
from ..utils.tracing import Trace, use_spans

# Longer than a collector takes that is there; one that is not must not hold a shutdown.
FLUSH_SECONDS = 2
CONVENTIONS = "OTEL_SEMCONV_STABILITY_OPT_IN"

REQUEST_ATTRIBUTES = (
    "http.request.method",
    "http.request.method_original",
    "http.response.status_code",
    "http.route",
    "network.protocol.version",
    "url.path",
    "url.scheme",
    "user_agent.original",
)
STATEMENT_ATTRIBUTES = (
    "db.namespace",
    "db.query.text",
    "db.system.name",
    "server.address",
    "server.port",
)
OTHER = "_OTHER"
SERVER_ERROR = 500

# What SQLAlchemy asks of a new connection, in lower case, is no statement of a request.
_OPERATION = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
_TABLE = re.compile(r"\b(?:(?<!epoch )FROM|INTO|UPDATE)\s+(?:\"public\"\.)?\"?([a-z]\w*)")

_provider: TracerProvider | None = None


def start_tracing(settings: Settings) -> None:
    """Exports the spans of this process from now on."""
    global _provider  # noqa: PLW0603
    # It reads the other standard variables by itself; what is left at exit is for `stop_tracing`.
    _provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: settings.service_name}), shutdown_on_exit=False
    )
    exporter = _Exporter(OTLPSpanExporter(endpoint=settings.traces_endpoint))
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(_provider)
    set_global_textmap(TraceContextTextMapPropagator())
    PsycopgInstrumentor().instrument()
    use_spans(_CurrentSpans())


def stop_tracing() -> None:
    """Exports what is left, as far as the collector takes it in time."""
    if _provider is not None:
        flushing = Thread(target=_provider.force_flush, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)


def traced(app: Any) -> Any:
    """Wraps a WSGI application, so that each request has a span."""
    os.environ[CONVENTIONS] = "http,database"
    return OpenTelemetryMiddleware(app)


class _CurrentSpans:
    def current(self) -> Trace | None:
        context = trace.get_current_span().get_span_context()
        return Trace(format_trace_id(context.trace_id), format_span_id(context.span_id))

    def describe(self, attribute: str, value: str) -> None:
        trace.get_current_span().set_attribute(attribute, value)


class _Exporter(SpanExporter):
    """Exports spans in the form that both twins have."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        given = [each for each in map(_canonical, spans) if each]
        return self._exporter.export(given) if given else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _canonical(span: ReadableSpan) -> ReadableSpan | None:
    reported = span.attributes or {}
    if span.kind is trace.SpanKind.SERVER:
        attributes = _request_attributes(reported)
        method = attributes["http.request.method"]
        words = ["HTTP" if method == OTHER else method, attributes.get("http.route")]
    else:
        text = str(reported.get("db.query.text", ""))
        operation, table = _OPERATION.search(text), _TABLE.search(text)
        if operation is None:
            return None
        words = [operation[1], table and table[1]]
        attributes = _statement_attributes(reported, words) | _failure(span)
    return ReadableSpan(
        name=" ".join(filter(None, words)),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        kind=span.kind,
        status=Status(StatusCode.ERROR if "error.type" in attributes else StatusCode.UNSET),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _request_attributes(reported: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {name: reported[name] for name in REQUEST_ATTRIBUTES if name in reported}
    status = attributes.get("http.response.status_code", SERVER_ERROR)
    return attributes | ({"error.type": str(status)} if status >= SERVER_ERROR else {})


def _statement_attributes(
    reported: Mapping[str, Any], words: Sequence[str | None]
) -> dict[str, Any]:
    attributes = {name: reported[name] for name in STATEMENT_ATTRIBUTES if name in reported}
    operation, table = words
    summary = " ".join(filter(None, words))
    attributes |= {"db.operation.name": operation, "db.query.summary": summary}
    return attributes | ({"db.collection.name": table} if table else {})


def _failure(span: ReadableSpan) -> dict[str, Any]:
    """Names the SQLSTATE of a statement that failed. Messages may hold what users have written."""
    if span.status.is_ok:
        return {}
    raised = [str((event.attributes or {}).get("exception.type", "")) for event in span.events]
    kind = getattr(errors, raised[0].rpartition(".")[2], None) if raised else None
    state: str | None = getattr(kind, "sqlstate", None)
    return (
        {"error.type": state, "db.response.status_code": state} if state else {"error.type": OTHER}
    )
