"""The domain exceptions. Each carries a `code` of the contract's error catalogue, and no HTTP."""

from dataclasses import dataclass
from typing import ClassVar


class DomainError(Exception):
    """The base class of all expected failures of a request."""

    code: ClassVar[str]


class RequestError(DomainError):
    """The request is malformed or not supported."""


class BadRequestError(RequestError):
    """The request line or a header field is malformed."""

    code = "bad_request"


class MalformedJsonError(RequestError):
    """The request body is not well-formed JSON."""

    code = "malformed_json"


class RequestTimeoutError(RequestError):
    """The request was not received in time."""

    code = "request_timeout"


class BodyTooLargeError(RequestError):
    """The request body exceeds the size limit."""

    code = "body_too_large"


class UriTooLongError(RequestError):
    """The request target exceeds the length limit."""

    code = "uri_too_long"


class UnsupportedMediaTypeError(RequestError):
    """The request body is not application/json in UTF-8, without a content coding."""

    code = "unsupported_media_type"


class ExpectationFailedError(RequestError):
    """The only supported expectation is 100-continue."""

    code = "expectation_failed"


class HeadersTooLargeError(RequestError):
    """The header fields exceed the size or count limit."""

    code = "headers_too_large"


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A location in a request and the JSON Schema keyword that it violates.

    place: body, header, path or query; pointer: a JSON Pointer (RFC 6901).
    """

    place: str
    pointer: str
    rule: str


class ValidationFailedError(RequestError):
    """The request violates the contract."""

    code = "validation_failed"

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__()
        self.violations = violations


class AuthenticationError(DomainError):
    """Authentication failed."""


class UnauthenticatedError(AuthenticationError):
    """No access token was sent."""

    code = "unauthenticated"


class InvalidTokenError(AuthenticationError):
    """The access token is malformed, expired or revoked."""

    code = "invalid_token"


class InvalidCredentialsError(AuthenticationError):
    """The email address or the password is incorrect."""

    code = "invalid_credentials"


class InvalidRefreshTokenError(AuthenticationError):
    """The refresh token is unknown, expired or revoked."""

    code = "invalid_refresh_token"


class RefreshTokenReusedError(AuthenticationError):
    """The refresh token was already used."""

    code = "refresh_token_reused"


class ForbiddenError(DomainError):
    """The user does not have the required role."""

    code = "forbidden"


class NotFoundError(DomainError):
    """The resource does not exist or belongs to another user."""


class PathNotFoundError(NotFoundError):
    """The path does not exist."""

    code = "path_not_found"


class TaskNotFoundError(NotFoundError):
    """The task does not exist or belongs to another user."""

    code = "task_not_found"


class TimeEntryNotFoundError(NotFoundError):
    """The time entry does not exist or belongs to another user."""

    code = "time_entry_not_found"


class TimerNotRunningError(NotFoundError):
    """No time entry of the user is running."""

    code = "timer_not_running"


class PageNotFoundError(NotFoundError):
    """The page does not exist."""

    code = "page_not_found"


class MethodNotAllowedError(DomainError):
    """The path does not support the method; `allowed` lists the supported ones."""

    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__()
        self.allowed = allowed


class ConflictError(DomainError):
    """The request conflicts with the current state."""


class EmailTakenError(ConflictError):
    """The email address is already in use."""

    code = "email_taken"


class TimerAlreadyRunningError(ConflictError):
    """A time entry of the user is already running."""

    code = "timer_already_running"


class TimeEntryOverlapError(ConflictError):
    """The interval overlaps another time entry of the task."""

    code = "time_entry_overlap"


class IdempotencyKeyReusedError(ConflictError):
    """The Idempotency-Key was already used for a different request."""

    code = "idempotency_key_reused"


class PreconditionError(DomainError):
    """A precondition in the headers does not hold."""


class PreconditionFailedError(PreconditionError):
    """The current ETag of the resource does not match If-Match."""

    code = "precondition_failed"


class PreconditionRequiredError(PreconditionError):
    """The request lacks If-Match."""

    code = "precondition_required"


class RuleError(DomainError):
    """The request violates a rule that a schema cannot express."""


class InvalidCursorError(RuleError):
    """The cursor was not issued for this list and sort order."""

    code = "invalid_cursor"


class InvalidIntervalError(RuleError):
    """The end is before the start."""

    code = "invalid_interval"


class RangeTooLongError(RuleError):
    """The range of a report is too long."""

    code = "range_too_long"


class WrongPasswordError(RuleError):
    """The current password is incorrect."""

    code = "wrong_password"


class RateLimitedError(DomainError):
    """The client exceeded `limit` requests per `window`; it and `wait` are in seconds."""

    code = "rate_limited"

    def __init__(self, policy: str, limit: int, window: int, wait: int) -> None:
        super().__init__()
        self.policy = policy
        self.limit = limit
        self.window = window
        self.wait = wait


class InternalError(DomainError):
    """An unexpected error occurred."""

    code = "internal_error"


class UnavailableError(DomainError):
    """The database is unavailable."""

    code = "unavailable"


class ShuttingDownError(DomainError):
    """The server is shutting down."""

    code = "shutting_down"


class OverloadedError(DomainError):
    """Too many passwords are being hashed."""

    code = "overloaded"
