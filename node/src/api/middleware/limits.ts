/** Refuses requests that are malformed or larger than the contract allows. */

import type { RequestHandler } from "express";
import type { Contract } from "../../contract.js";
import { BadRequestError, HeadersTooLargeError, UriTooLongError } from "../../utils/errors.js";
import { decode, encode, parseQuery, splitTarget } from "../../utils/uri.js";
import { type Call, current } from "../call.js";

const SEPARATORS = ": ".length + "\r\n".length;
const PROTOCOLS = ["HTTP/1.0", "HTTP/1.1"];
const SINGLE_FIELDS = [
  "authorization",
  "content-length",
  "content-type",
  "host",
  "idempotency-key",
  "if-match",
  "if-none-match",
];

/**
 * The first check: request line and header fields.
 *
 * Splits the target. Throws a BadRequestError, an UriTooLongError or a HeadersTooLargeError.
 */
export function limits(contract: Contract): RequestHandler {
  const bounds = contract.get("x-limits");
  const methods = new Set(contract.get("x-methods"));
  return (request, response, next) => {
    const call = current(response);
    if (!methods.has(call.method)) throw new BadRequestError();
    if (call.target.length > bounds.url_bytes) throw new UriTooLongError();
    const sizes = call.fields.map(([name, value]) => name.length + value.length + SEPARATORS);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    if (size > bounds.header_bytes || sizes.length > bounds.header_count) {
      throw new HeadersTooLargeError();
    }
    checkFields(call);
    checkTarget(call);
    [call.path, call.queryString] = splitTarget(call.target);
    parseQuery(call.queryString);
    request.url = normalise(call.path);
    next();
  };
}

/** Gives the one spelling of a path that Express is to see. `%2F` stays within its segment. */
function normalise(path: string): string {
  return path
    .split("/")
    .map((segment) => encode(decode(segment)))
    .join("/");
}

function checkTarget(call: Call): void {
  if (call.target === "*" && call.method !== "OPTIONS") throw new BadRequestError();
}

function checkFields(call: Call): void {
  const names = call.fields.map(([name]) => name);
  const repeated = SINGLE_FIELDS.some((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated || !PROTOCOLS.includes(call.protocol)) throw new BadRequestError();
  if (call.protocol === "HTTP/1.1" && !names.includes("host")) throw new BadRequestError();
  const codings = call.fieldValues("transfer-encoding");
  const chunked = codings.join().toLowerCase() === "chunked" && call.protocol === "HTTP/1.1";
  if (codings.length > 0 && !chunked) throw new BadRequestError();
}
