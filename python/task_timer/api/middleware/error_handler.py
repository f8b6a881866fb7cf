"""The only place where errors become HTTP."""

from werkzeug.exceptions import InternalServerError

from ...contract import Contract
from ...utils.errors import (
    AuthenticationError,
    DomainError,
    InternalError,
    InvalidTokenError,
    MethodNotAllowedError,
    RateLimitedError,
    UnavailableError,
    ValidationFailedError,
)
from ...utils.identifiers import new_id
from ...utils.logger import bind_request_id, log_exception
from ..answers import Response
from ..call import current
from ..problems import PROBLEM, make_problem
from ..wire_errors import WIRE_ERRORS

UNAVAILABLE_SECONDS = 1


class ErrorHandler:
    """Turns every exception into problem details (RFC 9457)."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._wire_errors = frozenset(contract["x-wire-errors"])
        self._challenge = contract["components"]["headers"]["WWW-Authenticate"]["example"]

    def handle(self, error: Exception) -> Response:
        """Answers with what went wrong. What the parser refuses goes back to the server."""
        if isinstance(error, InternalServerError) and error.original_exception:
            return self.handle(_as_exception(error.original_exception))
        if isinstance(error, WIRE_ERRORS):
            raise error
        if not isinstance(error, DomainError):
            log_exception("unhandled_error", error)
            error = InternalError()
        call = current()
        if error.code in self._wire_errors:
            # As if the parser had refused it.
            call.closes = True
            call.request_id = new_id()
            bind_request_id(call.request_id)
        violations = error.violations if isinstance(error, ValidationFailedError) else None
        status, body = make_problem(self._contract, error.code, call.request_id, violations)
        return Response(body, status, self._headers(error), content_type=PROBLEM)

    def _headers(self, error: DomainError) -> dict[str, str]:
        if isinstance(error, AuthenticationError):
            return {"WWW-Authenticate": self._challenge_of(error)}
        if isinstance(error, MethodNotAllowedError):
            return {"Allow": error.allowed}
        if isinstance(error, UnavailableError):
            return {"Retry-After": str(UNAVAILABLE_SECONDS)}
        if isinstance(error, RateLimitedError):
            return {
                "Retry-After": str(error.wait),
                "RateLimit-Policy": f'"{error.policy}";q={error.limit};w={error.window}',
                "RateLimit": f'"{error.policy}";r=0;t={error.wait}',
            }
        return {}

    def _challenge_of(self, error: AuthenticationError) -> str:
        told = f', error="{error.code}"' if isinstance(error, InvalidTokenError) else ""
        return f"{self._challenge}{told}"


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else InternalError()
