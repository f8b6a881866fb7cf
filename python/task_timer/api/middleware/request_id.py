"""Assigns each request an ID: the one it was sent with, or a new one."""

import re

from ...contract import Contract
from ...utils.identifiers import new_id
from ...utils.logger import bind_request_id
from ..call import Call


class RequestIds:
    """Reads X-Request-ID, and falls back to a new ID."""

    def __init__(self, contract: Contract) -> None:
        self._pattern = re.compile(contract["x-request-id-pattern"].removesuffix("$"))

    def assign(self, call: Call) -> None:
        """Sets the ID of a call, and binds it to the log."""
        sent = call.field_value("x-request-id")
        call.request_id = sent if sent and self._pattern.fullmatch(sent) else new_id()
        bind_request_id(call.request_id)
