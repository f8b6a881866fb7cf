"""Enforces the rate limits."""

from ...config import Settings
from ...current import context
from ...services import rate_limit_service
from ..call import Call


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

    Each of them appends the address of its peer to X-Forwarded-For.
    """
    forwarded = ",".join(call.field_values("x-forwarded-for"))
    told = [address.strip() for address in forwarded.split(",") if address.strip()]
    addresses = [call.peer, *reversed(told)]
    return addresses[min(hops, len(addresses) - 1)]
