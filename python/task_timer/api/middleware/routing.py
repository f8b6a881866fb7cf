"""Applies the route of a request, which the framework has matched."""

from collections.abc import Callable, Mapping

from ...operations import Operation
from ...utils.errors import MethodNotAllowedError
from ...utils.tracing import describe_span
from ..answers import Answer
from ..call import Call


def enter(call: Call, operation: Operation, path_values: Mapping[str, str]) -> None:
    """Sets the operation and the path parameters of a call."""
    call.operation = operation
    call.path_values = dict(path_values)
    describe_span("http.route", operation.path)


def answer_options(allow: str) -> Callable[[Call], Answer]:
    """Creates the handler of a path's unsupported methods, given the others; it answers OPTIONS."""

    def answer(call: Call) -> Answer:
        if call.method != "OPTIONS":
            raise MethodNotAllowedError(allow)
        return Answer(204, {"Allow": allow})

    return answer
