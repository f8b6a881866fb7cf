/** Identifiers that the server makes. */

import { v7 } from "uuid";

/** Makes a UUID of version 7 (RFC 9562) in lower case; later ones sort after earlier ones. */
export function newId(): string {
  return v7();
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether a value is written as ids are. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}
