/** Identifiers that the server generates. */

import { v7 } from "uuid";

/** Generates a version 7 UUID (RFC 9562) in lower case; later ones sort after earlier ones. */
export function newId(): string {
  return v7();
}
