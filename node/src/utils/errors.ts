/** The domain exceptions. Each carries a `code` of the contract's error catalogue, and no HTTP. */

/** The base class of all expected failures of a request. */
export abstract class DomainError extends Error {
  abstract readonly code: string;

  constructor(options?: ErrorOptions) {
    super(undefined, options);
    this.name = new.target.name;
  }
}

/** The request is malformed or not supported. */
export abstract class RequestError extends DomainError {}

/** The request line or a header field is malformed. */
export class BadRequestError extends RequestError {
  readonly code = "bad_request";
}

/** The request body is not well-formed JSON. */
export class MalformedJsonError extends RequestError {
  readonly code = "malformed_json";
}

/** The request was not received in time. */
export class RequestTimeoutError extends RequestError {
  readonly code = "request_timeout";
}

/** The request body exceeds the size limit. */
export class BodyTooLargeError extends RequestError {
  readonly code = "body_too_large";
}

/** The request target exceeds the length limit. */
export class UriTooLongError extends RequestError {
  readonly code = "uri_too_long";
}

/** The request body is not application/json in UTF-8, without a content coding. */
export class UnsupportedMediaTypeError extends RequestError {
  readonly code = "unsupported_media_type";
}

/** The only supported expectation is 100-continue. */
export class ExpectationFailedError extends RequestError {
  readonly code = "expectation_failed";
}

/** The header fields exceed the size or count limit. */
export class HeadersTooLargeError extends RequestError {
  readonly code = "headers_too_large";
}

/**
 * A location in a request and the JSON Schema keyword that it violates.
 *
 * place: body, header, path or query; pointer: a JSON Pointer (RFC 6901).
 */
export interface Violation {
  place: "body" | "header" | "path" | "query" | "response";
  pointer: string;
  rule: string;
}

/** The request violates the contract. */
export class ValidationFailedError extends RequestError {
  readonly code = "validation_failed";

  constructor(readonly violations: Violation[]) {
    super();
  }
}

/** Authentication failed. */
export abstract class AuthenticationError extends DomainError {}

/** No access token was sent. */
export class UnauthenticatedError extends AuthenticationError {
  readonly code = "unauthenticated";
}

/** The access token is malformed, expired or revoked. */
export class InvalidTokenError extends AuthenticationError {
  readonly code = "invalid_token";
}

/** The email address or the password is incorrect. */
export class InvalidCredentialsError extends AuthenticationError {
  readonly code = "invalid_credentials";
}

/** The refresh token is unknown, expired or revoked. */
export class InvalidRefreshTokenError extends AuthenticationError {
  readonly code = "invalid_refresh_token";
}

/** The refresh token was already used. */
export class RefreshTokenReusedError extends AuthenticationError {
  readonly code = "refresh_token_reused";
}

/** The user does not have the required role. */
export class ForbiddenError extends DomainError {
  readonly code = "forbidden";
}

/** The resource does not exist or belongs to another user. */
export abstract class NotFoundError extends DomainError {}

/** The path does not exist. */
export class PathNotFoundError extends NotFoundError {
  readonly code = "path_not_found";
}

/** The task does not exist or belongs to another user. */
export class TaskNotFoundError extends NotFoundError {
  readonly code = "task_not_found";
}

/** The time entry does not exist or belongs to another user. */
export class TimeEntryNotFoundError extends NotFoundError {
  readonly code = "time_entry_not_found";
}

/** No time entry of the user is running. */
export class TimerNotRunningError extends NotFoundError {
  readonly code = "timer_not_running";
}

/** The page does not exist. */
export class PageNotFoundError extends NotFoundError {
  readonly code = "page_not_found";
}

/** The path does not support the method; `allowed` lists the supported ones. */
export class MethodNotAllowedError extends DomainError {
  readonly code = "method_not_allowed";

  constructor(readonly allowed: string) {
    super();
  }
}

/** The request conflicts with the current state. */
export abstract class ConflictError extends DomainError {}

/** The email address is already in use. */
export class EmailTakenError extends ConflictError {
  readonly code = "email_taken";
}

/** A time entry of the user is already running. */
export class TimerAlreadyRunningError extends ConflictError {
  readonly code = "timer_already_running";
}

/** The interval overlaps another time entry of the task. */
export class TimeEntryOverlapError extends ConflictError {
  readonly code = "time_entry_overlap";
}

/** The Idempotency-Key was already used for a different request. */
export class IdempotencyKeyReusedError extends ConflictError {
  readonly code = "idempotency_key_reused";
}

/** A precondition in the headers does not hold. */
export abstract class PreconditionError extends DomainError {}

/** The current ETag of the resource does not match If-Match. */
export class PreconditionFailedError extends PreconditionError {
  readonly code = "precondition_failed";
}

/** The request lacks If-Match. */
export class PreconditionRequiredError extends PreconditionError {
  readonly code = "precondition_required";
}

/** The request violates a rule that a schema cannot express. */
export abstract class RuleError extends DomainError {}

/** The cursor was not issued for this list and sort order. */
export class InvalidCursorError extends RuleError {
  readonly code = "invalid_cursor";
}

/** The end is before the start. */
export class InvalidIntervalError extends RuleError {
  readonly code = "invalid_interval";
}

/** The range of a report is too long. */
export class RangeTooLongError extends RuleError {
  readonly code = "range_too_long";
}

/** The current password is incorrect. */
export class WrongPasswordError extends RuleError {
  readonly code = "wrong_password";
}

/** The client exceeded `limit` requests per `window`; it and `wait` are in seconds. */
export class RateLimitedError extends DomainError {
  readonly code = "rate_limited";

  constructor(
    readonly policy: string,
    readonly limit: number,
    readonly window: number,
    readonly wait: number,
  ) {
    super();
  }
}

/** An unexpected error occurred. */
export class InternalError extends DomainError {
  readonly code = "internal_error";
}

/** The database is unavailable. */
export class UnavailableError extends DomainError {
  readonly code = "unavailable";
}

/** The server is shutting down. */
export class ShuttingDownError extends DomainError {
  readonly code = "shutting_down";
}

/** Too many passwords are being hashed. */
export class OverloadedError extends DomainError {
  readonly code = "overloaded";
}
