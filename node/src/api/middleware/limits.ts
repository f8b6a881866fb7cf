/** Rejects requests that are malformed or exceed the limits of the contract. */

import type { Contract, ContractDocument } from "../../contract.js";
import { BadRequestError, HeadersTooLargeError, UriTooLongError } from "../../utils/errors.js";
import { normalPath, parseQuery, splitTarget } from "../../utils/uri.js";
import type { Call } from "../call.js";

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

/** The first check: request line and header fields. */
export class Limits {
  private readonly limits: ContractDocument["x-limits"];
  private readonly methods: Set<string>;

  constructor(contract: Contract) {
    this.limits = contract.get("x-limits");
    this.methods = new Set(contract.get("x-methods"));
  }

  /** Splits the target. Throws a BadRequestError, an UriTooLongError or a HeadersTooLargeError. */
  readonly check = (call: Call): void => {
    if (!this.methods.has(call.method)) throw new BadRequestError();
    if (call.target.length > this.limits.url_bytes) throw new UriTooLongError();
    const sizes = call.fields.map(([name, value]) => name.length + value.length + SEPARATORS);
    const size = sizes.reduce((sum, each) => sum + each, 0);
    if (size > this.limits.header_bytes || sizes.length > this.limits.header_count) {
      throw new HeadersTooLargeError();
    }
    checkFields(call);
    checkTarget(call);
    [call.path, call.queryString] = splitTarget(call.target);
    call.routePath = normalPath(call.path);
    parseQuery(call.queryString);
  };
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
  const isChunked = codings.join().toLowerCase() === "chunked" && call.protocol === "HTTP/1.1";
  if (codings.length > 0 && !isChunked) throw new BadRequestError();
}
