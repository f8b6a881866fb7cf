"""What follows from the route of a request, which the framework looks up."""

from collections.abc import Callable, Mapping

from ...operations import Operation
from ...utils.errors import MethodNotAllowedError
from ..answers import Answer
from ..call import Call


def enter(call: Call, operation: Operation, path_values: Mapping[str, str]) -> None:
    """Sets the operation that path and method lead to, and the values in the path."""
    call.operation = operation
    call.path_values = dict(path_values)


def answer_options(allow: str) -> Callable[[Call], Answer]:
    """Makes the handler of a path's other methods, given those that it has; it answers OPTIONS."""

    def answer(call: Call) -> Answer:
        if call.method != "OPTIONS":
            raise MethodNotAllowedError(allow)
        return Answer(204, {"Allow": allow})

    return answer
