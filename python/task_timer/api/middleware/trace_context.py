"""Assigns each request a trace: that of its span, or that of its header `traceparent`."""

from ...utils.logger import bind_trace
from ...utils.tracing import current_trace, describe_span
from ..call import Call

# Longer paths, which are refused, are truncated.
PATH_LENGTH = 1024


def assign(call: Call) -> None:
    """Binds the trace of a call to the log, and describes its span."""
    bind_trace(current_trace(call.field_value("traceparent")))
    describe_span("url.path", call.target.partition("?")[0][:PATH_LENGTH])
