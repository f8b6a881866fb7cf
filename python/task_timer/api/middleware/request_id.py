"""Gives each request an id: that which it came with, or a new one."""

import re

from ...contract import Contract
from ...utils.identifiers import new_id
from ...utils.logger import bind_request_id
from ..call import Call


class RequestIds:
    """Reads X-Request-ID and falls back to a new id."""

    def __init__(self, contract: Contract) -> None:
        self._pattern = re.compile(contract["x-request-id-pattern"].removesuffix("$"))

    def assign(self, call: Call) -> None:
        """Sets the id of a call, and puts it on the lines of the log."""
        sent = call.field_value("x-request-id")
        call.request_id = sent if sent and self._pattern.fullmatch(sent) else new_id()
        bind_request_id(call.request_id)
