"""Cross-origin requests, from the origins that the settings allow."""

from ...config import Settings
from ...contract import Contract
from ..answers import Answer
from ..call import Call


class Cors:
    """Adds the headers that let a page of another origin read a response."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        self._rules = contract["x-cors"]
        self._origins = settings.cors_origins

    def finish(self, call: Call, answer: Answer) -> Answer:
        """Adds the CORS headers for the origin of the request."""
        if not self._origins:
            return answer
        answer.headers["Vary"] = "Origin"
        origin = call.field_value("origin")
        if origin is None or origin not in self._origins:
            return answer
        answer.headers["Access-Control-Allow-Origin"] = origin
        if call.method == "OPTIONS" and call.field_value("access-control-request-method"):
            answer.headers["Access-Control-Allow-Methods"] = answer.headers.get("Allow", "")
            answer.headers["Access-Control-Allow-Headers"] = self._rules["allow_headers"]
            answer.headers["Access-Control-Max-Age"] = str(self._rules["max_age"])
        else:
            answer.headers["Access-Control-Expose-Headers"] = self._rules["expose_headers"]
        return answer
