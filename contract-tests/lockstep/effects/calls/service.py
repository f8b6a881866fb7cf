"""Passes calls on to the services that they are for."""

from __future__ import annotations

import urllib3
from urllib3.util import SKIP_HEADER

from lockstep.effects.calls.book import problem
from lockstep.effects.calls.call import Answer, Call, without

# They belong to one connection, and not to what travels over it (RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
_SECONDS = urllib3.Timeout(connect=10.0, read=60.0)
# Without these urllib3 would send headers of its own.
_OWN = ("User-Agent", "Accept-Encoding")


class Services:
    """The services behind the proxy. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=50, maxsize=10, retries=False)

    def call(self, call: Call) -> Answer:
        """Send a call as it is, and read the answer; a service that is not there answers 502."""
        headers = urllib3.HTTPHeaderDict()
        for name, value in without(call.headers, HOP_BY_HOP | {"content-length"}):
            headers.add(name, value)
        for name in _OWN:
            if name not in headers:
                headers[name] = SKIP_HEADER
        has_body = bool(call.body) or call.header("content-length") is not None
        try:
            answer = self._pool.request(
                call.method,
                call.url,
                body=call.body if has_body else None,
                headers=headers,
                redirect=False,
                decode_content=False,
                timeout=_SECONDS,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            told = f"lockstep could not reach {call.origin}: {type(error).__name__}."
            return problem(502, "Bad Gateway", told)
        kept = without(tuple(answer.headers.iteritems()), HOP_BY_HOP | {"content-length"})
        return Answer(answer.status, answer.reason or "", kept, answer.data)

    def close(self) -> None:
        """End the connections."""
        self._pool.clear()
