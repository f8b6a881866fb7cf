"""The domain exceptions. Each carries a `code` of the contract's error catalogue, and no HTTP."""

from dataclasses import dataclass
from typing import ClassVar


class DomainError(Exception):
    """The base of all that a request can fail with by rule."""

    code: ClassVar[str]


class RequestError(DomainError):
    """The request cannot be understood."""


class BadRequestError(RequestError):
    """The request line or a header is malformed."""

    code = "bad_request"


class MalformedJsonError(RequestError):
    """The body is not readable as JSON."""

    code = "malformed_json"


class RequestTimeoutError(RequestError):
    """The request did not arrive in time."""

    code = "request_timeout"


class BodyTooLargeError(RequestError):
    """The body is larger than the limit."""

    code = "body_too_large"


class UriTooLongError(RequestError):
    """The request target is longer than the limit."""

    code = "uri_too_long"


class UnsupportedMediaTypeError(RequestError):
    """The body is not plain JSON in UTF-8."""

    code = "unsupported_media_type"


class ExpectationFailedError(RequestError):
    """The client expects what the server does not do."""

    code = "expectation_failed"


class HeadersTooLargeError(RequestError):
    """The header fields are larger or more than the limit."""

    code = "headers_too_large"


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A place of a request and the JSON Schema keyword that it breaks.

    place: body, header, path or query; pointer: a JSON Pointer (RFC 6901).
    """

    place: str
    pointer: str
    rule: str


class ValidationFailedError(RequestError):
    """The request does not satisfy the contract."""

    code = "validation_failed"

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__()
        self.violations = violations


class AuthenticationError(DomainError):
    """The client did not show who it is."""


class UnauthenticatedError(AuthenticationError):
    """No access token was sent."""

    code = "unauthenticated"


class InvalidTokenError(AuthenticationError):
    """The access token is malformed, expired or revoked."""

    code = "invalid_token"


class InvalidCredentialsError(AuthenticationError):
    """The e-mail address or the password is wrong."""

    code = "invalid_credentials"


class InvalidRefreshTokenError(AuthenticationError):
    """The refresh token is unknown, expired or revoked."""

    code = "invalid_refresh_token"


class RefreshTokenReusedError(AuthenticationError):
    """The refresh token was used before."""

    code = "refresh_token_reused"


class ForbiddenError(DomainError):
    """The user lacks the role."""

    code = "forbidden"


class NotFoundError(DomainError):
    """There is no such thing, or it is another user's."""


class PathNotFoundError(NotFoundError):
    """No operation has the path."""

    code = "path_not_found"


class TaskNotFoundError(NotFoundError):
    """The user has no such task."""

    code = "task_not_found"


class TimeEntryNotFoundError(NotFoundError):
    """The user has no such time entry."""

    code = "time_entry_not_found"


class TimerNotRunningError(NotFoundError):
    """The user has no running time entry."""

    code = "timer_not_running"


class PageNotFoundError(NotFoundError):
    """The site has no such page."""

    code = "page_not_found"


class MethodNotAllowedError(DomainError):
    """The path does not have the method; `allowed` are those that it has."""

    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__()
        self.allowed = allowed


class ConflictError(DomainError):
    """The change does not agree with what is stored."""


class EmailTakenError(ConflictError):
    """Another account has the e-mail address."""

    code = "email_taken"


class TimerAlreadyRunningError(ConflictError):
    """The user already has a running time entry."""

    code = "timer_already_running"


class TimeEntryOverlapError(ConflictError):
    """The task has another time entry in the interval."""

    code = "time_entry_overlap"


class IdempotencyKeyReusedError(ConflictError):
    """The Idempotency-Key belongs to another request."""

    code = "idempotency_key_reused"


class PreconditionError(DomainError):
    """A condition in the headers does not hold."""


class PreconditionFailedError(PreconditionError):
    """The resource is no longer the one that If-Match names."""

    code = "precondition_failed"


class PreconditionRequiredError(PreconditionError):
    """If-Match is missing."""

    code = "precondition_required"


class RuleError(DomainError):
    """The request breaks a rule that a schema cannot state."""


class InvalidCursorError(RuleError):
    """The cursor was not given out for this list and order."""

    code = "invalid_cursor"


class InvalidIntervalError(RuleError):
    """The end is before the start."""

    code = "invalid_interval"


class RangeTooLongError(RuleError):
    """The report covers too many days."""

    code = "range_too_long"


class WrongPasswordError(RuleError):
    """The current password is wrong."""

    code = "wrong_password"


class RateLimitedError(DomainError):
    """The client sent more than `limit` requests in a `window`; it and the `wait` in seconds."""

    code = "rate_limited"

    def __init__(self, policy: str, limit: int, window: int, wait: int) -> None:
        super().__init__()
        self.policy = policy
        self.limit = limit
        self.window = window
        self.wait = wait


class InternalError(DomainError):
    """The server failed."""

    code = "internal_error"


class UnavailableError(DomainError):
    """The database cannot be reached."""

    code = "unavailable"
