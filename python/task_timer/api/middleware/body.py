"""Reads the body of a request."""

import re
from typing import Any

from ...contract import Contract
from ...utils.errors import (
    BadRequestError,
    BodyTooLargeError,
    MalformedJsonError,
    UnsupportedMediaTypeError,
)
from ...utils.json_text import JsonError, parse_json
from ..call import Call

_JSON = re.compile(
    r'application/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?', re.IGNORECASE
)


class Bodies:
    """Checks the size, media type and syntax of a body."""

    def __init__(self, contract: Contract) -> None:
        self._limits = contract["x-limits"]

    def check(self, call: Call) -> None:
        """Reads the body if the operation takes one.

        Raises BodyTooLargeError, UnsupportedMediaTypeError or MalformedJsonError.
        """
        if call.operation is None or call.operation.body is None:
            return
        call.data = _read(call, self._limits["body_bytes"])
        if call.data:
            _check_media_type(call)
            call.body = self._parse(call.data)

    def _parse(self, data: bytes) -> Any:
        try:
            return parse_json(data, self._limits["json_depth"], self._limits["json_values"])
        except JsonError as error:
            raise MalformedJsonError from error


def _read(call: Call, limit: int) -> bytes:
    length = int(call.field_value("content-length") or 0)
    if length > limit:
        raise BodyTooLargeError
    data = call.read(limit + 1)
    if len(data) > limit:
        raise BodyTooLargeError
    if len(data) < length:
        raise BadRequestError
    return data


def _check_media_type(call: Call) -> None:
    codings = call.field_values("content-encoding")
    if any(coding.lower() != "identity" for coding in codings):
        raise UnsupportedMediaTypeError
    if not _JSON.fullmatch(call.field_value("content-type") or ""):
        raise UnsupportedMediaTypeError
