"""Authenticates and authorises requests."""

import re

from ...services import auth_service
from ...utils.errors import ForbiddenError, UnauthenticatedError
from ..call import Call

# RFC 6750, 2.1: one space, and a token68.
_BEARER = re.compile("[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/-]+=*)")


def check(call: Call) -> None:
    """Sets the identity. Raises UnauthenticatedError, InvalidTokenError or ForbiddenError."""
    if call.operation is None or not call.operation.secured:
        return
    sent = _BEARER.fullmatch(call.field_value("authorization") or "")
    if sent is None:
        raise UnauthenticatedError
    call.caller = auth_service.authenticate(sent[1])
    if call.operation.role not in (None, call.caller.user.role):
        raise ForbiddenError
