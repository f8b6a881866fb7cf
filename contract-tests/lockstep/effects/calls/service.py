"""Forwards calls to the services that they are addressed to."""

from __future__ import annotations

import urllib3
from urllib3.util import SKIP_HEADER

from lockstep.effects.calls.book import problem
from lockstep.effects.calls.call import Answer, Call, without

# Hop-by-hop header fields, which belong to one connection (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
_SECONDS = urllib3.Timeout(connect=10.0, read=60.0)
# Header fields that urllib3 would otherwise add.
_OWN = ("User-Agent", "Accept-Encoding")


class Services:
    """Client for the services behind the proxy. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=50, maxsize=10, retries=False)

    def call(self, call: Call) -> Answer:
        """Send a call unchanged and return the response; 502 if the service is unreachable."""
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
            detail = f"lockstep could not reach {call.origin}: {type(error).__name__}."
            return problem(502, "Bad Gateway", detail)
        kept = without(tuple(answer.headers.iteritems()), HOP_BY_HOP | {"content-length"})
        return Answer(answer.status, answer.reason or "", kept, answer.data)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
