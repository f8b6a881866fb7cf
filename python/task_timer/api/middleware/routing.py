"""Finds the operation of a request."""

from ...contract import Contract
from ...utils.errors import MethodNotAllowedError, PathNotFoundError
from ..answers import Answer
from ..call import Call


class Routing:
    """The second check: path and method."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def check(self, call: Call) -> Answer | None:
        """Sets the operation; answer OPTIONS. Raises PathNotFoundError or MethodNotAllowedError."""
        found = self._contract.find(call.path)
        if found is None:
            raise PathNotFoundError
        item, call.path_values = found
        if call.method == "OPTIONS":
            return Answer(204, {"Allow": item.allow})
        call.operation = item.operations.get("GET" if call.method == "HEAD" else call.method)
        if call.operation is None:
            raise MethodNotAllowedError(item.allow)
        return None
