/** Identifiers that the server makes. */

import { v7 } from "uuid";

/** Makes a UUID of version 7 (RFC 9562) in lower case; later ones sort after earlier ones. */
export function newId(): string {
  return v7();
}
