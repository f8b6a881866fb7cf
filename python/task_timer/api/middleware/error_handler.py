"""The only place where exceptions become HTTP responses."""

from ...contract import Contract
from ...db import violated
from ...outages import outage_of
from ...utils.errors import (
    AuthenticationError,
    DomainError,
    InternalError,
    InvalidTokenError,
    MethodNotAllowedError,
    OverloadedError,
    RateLimitedError,
    ShuttingDownError,
    UnavailableError,
    ValidationFailedError,
)
from ...utils.identifiers import new_id
from ...utils.logger import bind_request_id, log_exception, logger
from ..answers import Answer
from ..call import Call
from ..checks import Finish
from ..problems import PROBLEM, make_problem
from .response_validation import UndocumentedAnswerError

READ_ONLY_STATE = "25006"
OWNER_CONSTRAINT = "_user_id_fkey"


class ErrorHandler:
    """Turns every exception into problem details (RFC 9457)."""

    def __init__(self, contract: Contract, finish: Finish) -> None:
        self._contract = contract
        self._finish = finish
        self._wire_errors = frozenset(contract["x-wire-errors"])
        self._outages = contract["x-unavailable"]
        self._challenge = contract["components"]["headers"]["WWW-Authenticate"]["example"]

    def answer(self, call: Call, error: Exception) -> Answer:
        """Responds with the problem of an exception, or of one raised while doing so."""
        try:
            return self._finish(call, self._problem(call, error))
        except Exception as reason:
            return self._finish(call, self._problem(call, reason))

    def _problem(self, call: Call, raised: Exception) -> Answer:
        error = self._domain_error(call, raised)
        if error.code in self._wire_errors:
            # As if the parser had refused it.
            call.closes, call.refusal = True, error.code
            call.request_id = new_id()
            bind_request_id(call.request_id)
        violations = error.violations if isinstance(error, ValidationFailedError) else None
        status, body = make_problem(self._contract, error.code, call.request_id, violations)
        return Answer(status, {"Content-Type": PROBLEM, **self._headers(error)}, body)

    def _headers(self, error: DomainError) -> dict[str, str]:
        if isinstance(error, AuthenticationError):
            return {"WWW-Authenticate": self._challenge_of(error)}
        if isinstance(error, MethodNotAllowedError):
            return {"Allow": error.allowed}
        if isinstance(error, UnavailableError | ShuttingDownError | OverloadedError):
            return {"Retry-After": str(self._outages["retry_after_seconds"])}
        if isinstance(error, RateLimitedError):
            return {
                "Retry-After": str(error.wait),
                "RateLimit-Policy": f'"{error.policy}";q={error.limit};w={error.window}',
                "RateLimit": f'"{error.policy}";r=0;t={error.wait}',
            }
        return {}

    def _challenge_of(self, error: AuthenticationError) -> str:
        parameters = f', error="{error.code}"' if isinstance(error, InvalidTokenError) else ""
        return f"{self._challenge}{parameters}"

    def _domain_error(self, call: Call, error: Exception) -> DomainError:
        if isinstance(error, DomainError):
            return error
        # The user was deleted since the token was checked.
        if violated(error).endswith(OWNER_CONSTRAINT):
            return InvalidTokenError()
        outage = outage_of(error, self._outages["states"])
        if outage is not None:
            logger().error(
                "database_unavailable",
                cause=outage.cause,
                sqlstate=outage.sqlstate,
                exception=outage.exception,
            )
            # Nor do its other connections serve: after a fail-over they lead to what was.
            if outage.cause == "silent" or outage.sqlstate == READ_ONLY_STATE:
                call.resources.database.renew()
            return UnavailableError()
        if isinstance(error, UndocumentedAnswerError):
            logger().error("undocumented_response", reason=str(error))
        else:
            log_exception("unhandled_error", error)
        return InternalError()
