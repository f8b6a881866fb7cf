/** The domain exceptions. Each carries a `code` of the contract's error catalogue, and no HTTP. */

/** The base of all that a request can fail with by rule. */
export abstract class DomainError extends Error {
  abstract readonly code: string;

  constructor(options?: ErrorOptions) {
    super(undefined, options);
    this.name = new.target.name;
  }
}

/** The request cannot be understood. */
export abstract class RequestError extends DomainError {}

/** The request line or a header is malformed. */
export class BadRequestError extends RequestError {
  readonly code = "bad_request";
}

/** The body is not readable as JSON. */
export class MalformedJsonError extends RequestError {
  readonly code = "malformed_json";
}

/** The request did not arrive in time. */
export class RequestTimeoutError extends RequestError {
  readonly code = "request_timeout";
}

/** The body is larger than the limit. */
export class BodyTooLargeError extends RequestError {
  readonly code = "body_too_large";
}

/** The request target is longer than the limit. */
export class UriTooLongError extends RequestError {
  readonly code = "uri_too_long";
}

/** The body is not plain JSON in UTF-8. */
export class UnsupportedMediaTypeError extends RequestError {
  readonly code = "unsupported_media_type";
}

/** The client expects what the server does not do. */
export class ExpectationFailedError extends RequestError {
  readonly code = "expectation_failed";
}

/** The header fields are larger or more than the limit. */
export class HeadersTooLargeError extends RequestError {
  readonly code = "headers_too_large";
}

/**
 * A place of a request and the JSON Schema keyword that it breaks.
 *
 * place: body, header, path or query; pointer: a JSON Pointer (RFC 6901).
 */
export interface Violation {
  place: "body" | "header" | "path" | "query" | "response";
  pointer: string;
  rule: string;
}

/** The request does not satisfy the contract. */
export class ValidationFailedError extends RequestError {
  readonly code = "validation_failed";

  constructor(readonly violations: Violation[]) {
    super();
  }
}

/** The client did not show who it is. */
export abstract class AuthenticationError extends DomainError {}

/** No access token was sent. */
export class UnauthenticatedError extends AuthenticationError {
  readonly code = "unauthenticated";
}

/** The access token is malformed, expired or revoked. */
export class InvalidTokenError extends AuthenticationError {
  readonly code = "invalid_token";
}

/** The e-mail address or the password is wrong. */
export class InvalidCredentialsError extends AuthenticationError {
  readonly code = "invalid_credentials";
}

/** The refresh token is unknown, expired or revoked. */
export class InvalidRefreshTokenError extends AuthenticationError {
  readonly code = "invalid_refresh_token";
}

/** The refresh token was used before. */
export class RefreshTokenReusedError extends AuthenticationError {
  readonly code = "refresh_token_reused";
}

/** The user lacks the role. */
export class ForbiddenError extends DomainError {
  readonly code = "forbidden";
}

/** There is no such thing, or it is another user's. */
export abstract class NotFoundError extends DomainError {}

/** No operation has the path. */
export class PathNotFoundError extends NotFoundError {
  readonly code = "path_not_found";
}

/** The user has no such task. */
export class TaskNotFoundError extends NotFoundError {
  readonly code = "task_not_found";
}

/** The user has no such time entry. */
export class TimeEntryNotFoundError extends NotFoundError {
  readonly code = "time_entry_not_found";
}

/** The user has no running time entry. */
export class TimerNotRunningError extends NotFoundError {
  readonly code = "timer_not_running";
}

/** The site has no such page. */
export class PageNotFoundError extends NotFoundError {
  readonly code = "page_not_found";
}

/** The path does not have the method; `allowed` are those that it has. */
export class MethodNotAllowedError extends DomainError {
  readonly code = "method_not_allowed";

  constructor(readonly allowed: string) {
    super();
  }
}

/** The change does not agree with what is stored. */
export abstract class ConflictError extends DomainError {}

/** Another account has the e-mail address. */
export class EmailTakenError extends ConflictError {
  readonly code = "email_taken";
}

/** The user already has a running time entry. */
export class TimerAlreadyRunningError extends ConflictError {
  readonly code = "timer_already_running";
}

/** The task has another time entry in the interval. */
export class TimeEntryOverlapError extends ConflictError {
  readonly code = "time_entry_overlap";
}

/** The Idempotency-Key belongs to another request. */
export class IdempotencyKeyReusedError extends ConflictError {
  readonly code = "idempotency_key_reused";
}

/** A condition in the headers does not hold. */
export abstract class PreconditionError extends DomainError {}

/** The resource is no longer the one that If-Match names. */
export class PreconditionFailedError extends PreconditionError {
  readonly code = "precondition_failed";
}

/** If-Match is missing. */
export class PreconditionRequiredError extends PreconditionError {
  readonly code = "precondition_required";
}

/** The request breaks a rule that a schema cannot state. */
export abstract class RuleError extends DomainError {}

/** The cursor was not given out for this list and order. */
export class InvalidCursorError extends RuleError {
  readonly code = "invalid_cursor";
}

/** The end is before the start. */
export class InvalidIntervalError extends RuleError {
  readonly code = "invalid_interval";
}

/** The report covers too many days. */
export class RangeTooLongError extends RuleError {
  readonly code = "range_too_long";
}

/** The current password is wrong. */
export class WrongPasswordError extends RuleError {
  readonly code = "wrong_password";
}

/** The client sent more than `limit` requests in a `window`; it and the `wait` in seconds. */
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

/** The server failed. */
export class InternalError extends DomainError {
  readonly code = "internal_error";
}

/** The database cannot be reached. */
export class UnavailableError extends DomainError {
  readonly code = "unavailable";
}
