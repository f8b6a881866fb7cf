"""Enforces the rate limits."""

import re
from ipaddress import ip_address

from ...config import Settings
from ...current import context
from ...services import rate_limit_service
from ..call import Call

# What the libraries of both runtimes would take beyond this they do not agree on.
ADDRESS = re.compile("[0-9A-Fa-f.:]{2,45}")


class RateLimits:
    """The third check: the rate limits of the client."""

    def __init__(self, settings: Settings) -> None:
        self._hops = settings.trusted_proxy_hops

    def check(self, call: Call) -> None:
        """Counts the request against the limit of its operation. Raises RateLimitedError."""
        if call.operation is None or call.operation.rate_limit == "none":
            return
        client = rate_limit_service.client_of(client_address(call, self._hops))
        context().client = client
        if call.operation.rate_limit == "credentials":
            rate_limit_service.count_credentials(client, call.operation.id)
        else:
            rate_limit_service.count_general(client)


def client_address(call: Call, hops: int) -> str:
    """Returns the address of the client, behind as many trusted proxies as there are hops.

    Each of them appends the address of its peer to X-Forwarded-For. An entry that is not an address
    is not trusted, nor are those before it.
    """
    forwarded = ",".join(call.field_values("x-forwarded-for"))
    addresses = [address.strip() for address in forwarded.split(",") if address.strip()]
    found = call.peer
    for address in [*reversed(addresses)][:hops]:
        if not is_address(address):
            break
        found = address
    return found


def is_address(text: str) -> bool:
    """Tells whether a text is an IP address, of version 4 or 6, without a zone."""
    if not ADDRESS.fullmatch(text):
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
