"""Logs: one JSON object per line, on standard output."""

import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson
import structlog

from .instants import format_instant
from .tracing import Trace

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

# structlog would look for variables of its own among all that a thread has, for each line.
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def configure_logging(level: str, stream: BinaryIO | None = None) -> None:
    """Logs this level and above to standard output."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _in_order,
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stdout.buffer),
    )
    logging.basicConfig(level=LEVELS[level], handlers=[_Forwarder()], force=True)


def logger() -> Any:
    """Returns the logger: `logger().info("event", key=value)`."""
    return structlog.get_logger()


def bind_request_id(request_id: str) -> None:
    """Adds the request ID to all following log lines of this thread."""
    _request_id.set(request_id)


def bind_trace(trace: Trace | None) -> None:
    """Adds the IDs of a trace to all following log lines of this thread."""
    _trace.set(trace)


def unbind_request() -> None:
    """Removes request ID and trace from all following log lines of this thread."""
    _request_id.set(None)
    _trace.set(None)


def log_exception(event: str, error: BaseException) -> None:
    """Logs the type and traceback of an exception, without its message.

    Messages of drivers may contain user input.
    """
    frames = traceback.extract_tb(error.__traceback__)
    logger().error(
        event,
        exception=type(error).__name__,
        stack=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )


def _in_order(_logger: Any, _name: str, line: Any) -> Any:
    event, level = line.pop("event"), line.pop("level")
    head: dict[str, Any] = {"level": level, "time": format_instant(datetime.now(UTC))}
    head |= {"event": event, "request_id": _request_id.get()}
    trace = _trace.get()
    if trace is not None:
        head |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
    return {**head, **line}


class _Forwarder(logging.Handler):
    """Forwards what libraries log with the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            log_exception("library", record.exc_info[1])
            return
        level = "warning" if record.levelno >= logging.WARNING else "info"
        getattr(logger(), level)("library", source=record.name, message=record.getMessage())
