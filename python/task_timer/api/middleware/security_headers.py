"""The headers of every response."""

from ...config import Settings
from ...contract import Contract
from ..answers import Answer
from ..call import Call


def common_headers(contract: Contract, settings: Settings) -> dict[str, str]:
    """Returns the headers of every response, whichever part creates it."""
    headers = dict(contract["x-response-headers"])
    if settings.app_env == "production":
        headers |= contract["x-production-headers"]
    return headers


class SecurityHeaders:
    """Adds the request ID and the security headers."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        self._headers = common_headers(contract, settings)

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Adds the headers; a page keeps its own Content-Security-Policy."""
        answer.headers = self._headers | answer.headers
        answer.headers["X-Request-ID"] = call.request_id
        return answer
