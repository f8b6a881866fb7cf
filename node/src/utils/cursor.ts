/** Pagination cursors, encoded in base64url. */

import { InvalidCursorError } from "./errors.js";
import { dumpJson, JsonError, parseJson } from "./json-text.js";

/**
 * The last item of a page: its sort key in the order `sort`, and its id.
 *
 * value: text, an instant in wire format, or null.
 */
export interface Cursor {
  sort: string;
  value: string | null;
  id: string;
}

/** Encodes a cursor as text. */
export function encodeCursor({ sort, value, id }: Cursor): string {
  return dumpJson({ sort, value, id }).toString("base64url");
}

/**
 * Decodes a cursor of this order.
 *
 * Throws an InvalidCursorError for text that `encodeCursor` did not return. The id is not checked.
 */
export function decodeCursor(text: string, sort: string): Cursor {
  const cursor = parse(text);
  if (!isCursor(cursor) || cursor.sort !== sort || encodeCursor(cursor) !== text) {
    throw new InvalidCursorError();
  }
  return cursor;
}

function parse(text: string): unknown {
  try {
    return parseJson(Buffer.from(text, "base64url"), 1);
  } catch (error) {
    if (error instanceof JsonError) throw new InvalidCursorError({ cause: error });
    throw error;
  }
}

function isCursor(content: unknown): content is Cursor {
  if (typeof content !== "object" || content === null) return false;
  const { sort, value, id } = content as Partial<Cursor>;
  if (typeof sort !== "string" || !(value === null || typeof value === "string")) return false;
  return typeof id === "string";
}
