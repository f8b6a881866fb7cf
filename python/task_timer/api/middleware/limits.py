"""Rejects requests that are malformed or exceed the limits of the contract."""

from ...contract import Contract
from ...utils.errors import BadRequestError, HeadersTooLargeError, UriTooLongError
from ...utils.uri import UriError, decode, parse_query, split_target
from ..call import Call

SEPARATORS = len(": ") + len("\r\n")
PROTOCOLS = ("HTTP/1.0", "HTTP/1.1")
SINGLE_FIELDS = (
    "authorization",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "if-match",
    "if-none-match",
)


class Limits:
    """The first check: request line and header fields."""

    def __init__(self, contract: Contract) -> None:
        self._limits = contract["x-limits"]
        self._methods = frozenset(contract["x-methods"])

    def check(self, call: Call) -> None:
        """Splits the target. Raises BadRequestError, UriTooLongError or HeadersTooLargeError."""
        if call.method not in self._methods:
            raise BadRequestError
        if len(call.target) > self._limits["url_bytes"]:
            raise UriTooLongError
        size = sum(len(name) + len(value) + SEPARATORS for name, value in call.fields)
        if size > self._limits["header_bytes"] or len(call.fields) > self._limits["header_count"]:
            raise HeadersTooLargeError
        _check_fields(call)
        _check_target(call)
        try:
            call.path, call.query_string = split_target(call.target)
            decode(call.path)
            parse_query(call.query_string)
        except UriError as error:
            raise BadRequestError from error


def _check_target(call: Call) -> None:
    if call.target == "*" and call.method != "OPTIONS":
        raise BadRequestError


def _check_fields(call: Call) -> None:
    names = [name for name, _ in call.fields]
    repeated = len(set(names)) < len(names) and any(names.count(name) > 1 for name in SINGLE_FIELDS)
    if repeated or call.protocol not in PROTOCOLS:
        raise BadRequestError
    if call.protocol == "HTTP/1.1" and "host" not in names:
        raise BadRequestError
    codings = call.field_values("transfer-encoding")
    is_chunked = ",".join(codings).lower() == "chunked" and call.protocol == "HTTP/1.1"
    if codings and not is_chunked:
        raise BadRequestError
