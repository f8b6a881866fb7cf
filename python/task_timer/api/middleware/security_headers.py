"""The headers that every answer has."""

from ...config import Settings
from ...contract import Contract
from ..answers import Answer
from ..call import Call


def common_headers(contract: Contract, settings: Settings) -> dict[str, str]:
    """Gives the headers that every answer has, whoever makes it."""
    headers = dict(contract["x-response-headers"])
    if settings.app_env == "production":
        headers |= contract["x-production-headers"]
    return headers


class SecurityHeaders:
    """Adds the request's id, and what keeps browsers from misusing an answer."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        self._headers = common_headers(contract, settings)

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Adds the headers; the policy of a page is its own."""
        answer.headers = self._headers | answer.headers
        answer.headers["X-Request-ID"] = call.request_id
        return answer
