"""Cross-origin requests, from the origins that the settings allow."""

from ...config import Settings
from ...contract import Contract
from ..answers import Response
from ..call import current


class Cors:
    """Adds the headers by which a browser lets a page read an answer."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        self._rules = contract["x-cors"]
        self._origins = settings.cors_origins

    def finish(self, response: Response) -> Response:
        """Adds what the request's origin may see."""
        if not self._origins:
            return response
        call = current()
        response.headers["Vary"] = "Origin"
        origin = call.field_value("origin")
        if origin not in self._origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        if call.method == "OPTIONS" and call.field_value("access-control-request-method"):
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = self._rules["allow_headers"]
            response.headers["Access-Control-Max-Age"] = str(self._rules["max_age"])
        else:
            response.headers["Access-Control-Expose-Headers"] = self._rules["expose_headers"]
        return response
