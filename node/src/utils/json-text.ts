/** JSON text: parsed strictly, written compactly. */

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A text is not JSON as accepted here. */
export class JsonError extends Error {}

/** Serialises to compact JSON in UTF-8, with minimal escaping, keys in insertion order. */
export function dumpJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/**
 * Parses JSON (RFC 8259) in UTF-8; of duplicate keys the last one is used. Throws a JsonError.
 *
 * Rejects a byte order mark, NaN, Infinity, lone surrogates, more than `depth` levels of arrays and
 * objects, and more than `count` values in them. A number beyond the range of a double becomes infinite.
 */
export function parseJson(data: Uint8Array, depth: number, count = Infinity): unknown {
  const value = parse(data);
  check(value, depth, count);
  return value;
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(data));
  } catch (error) {
    // The decoder throws a TypeError, the parser a SyntaxError.
    if (error instanceof TypeError || error instanceof SyntaxError) {
      throw new JsonError("not UTF-8 encoded JSON", { cause: error });
    }
    throw error;
  }
}

/** Returns how many more values there may be. */
function check(value: unknown, depth: number, count: number): number {
  if (typeof value === "string" && !value.isWellFormed()) throw new JsonError("lone surrogate");
  if (typeof value !== "object" || value === null) return count;
  if (depth === 0) throw new JsonError("nested too deeply");
  const items = Object.entries(value);
  if (items.length > count) throw new JsonError("too many values");
  let left = count - items.length;
  for (const [key, item] of items) {
    check(key, depth, left);
    left = check(item, depth - 1, left);
  }
  return left;
}
