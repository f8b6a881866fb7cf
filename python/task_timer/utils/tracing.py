"""Traces: the W3C trace context of a request, and its span if spans are exported."""

import re
from dataclasses import dataclass
from typing import Protocol

# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent and flags. Later
# versions may append to them; ff is none.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """The IDs of a trace and of a span in it, in hex."""

    trace_id: str
    span_id: str


class Spans(Protocol):
    """The spans of this process."""

    def current(self) -> Trace | None:
        """Returns the trace of the current span."""

    def describe(self, attribute: str, value: str) -> None:
        """Sets an attribute of the current span."""


# One for the process, as that of OpenTelemetry is; without it none of that is imported.
_spans: Spans | None = None


def use_spans(spans: Spans) -> None:
    """Makes each request have a span from now on."""
    global _spans  # noqa: PLW0603
    _spans = spans


def parse_traceparent(text: str) -> Trace | None:
    """Parses the header `traceparent`; what is malformed is no trace."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None or (text.startswith("00") and found[3]):
        return None
    return Trace(found[1], found[2])


def current_trace(traceparent: str | None) -> Trace | None:
    """Returns the trace of the current span, or else of the span that sent the request."""
    if _spans is not None:
        return _spans.current()
    return parse_traceparent(traceparent) if traceparent else None


def describe_span(attribute: str, value: str) -> None:
    """Sets an attribute of the current span, if there is one."""
    if _spans is not None:
        _spans.describe(attribute, value)
