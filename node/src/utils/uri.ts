/** Request targets (RFC 3986), parsed strictly: nothing is guessed or normalised. */

import { BadRequestError } from "./errors.js";

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
const RESERVED = /[!'()*]/g;

/**
 * Splits a request target into path and query, both still encoded. Throws a BadRequestError.
 *
 * The absolute form yields its path and query.
 */
export function splitTarget(target: string): [path: string, query: string] {
  // A fragment is no part of a request.
  if (target.includes("#")) throw new BadRequestError();
  const originForm = target.startsWith("/") ? target : target.replace(ABSOLUTE, "");
  const mark = originForm.indexOf("?");
  if (mark < 0) return [originForm || "/", ""];
  return [originForm.slice(0, mark) || "/", originForm.slice(mark + 1)];
}

/**
 * Returns the canonical spelling of a path. Throws a BadRequestError as `decode` does.
 *
 * `%2F` stays within its segment.
 */
export function normalPath(path: string): string {
  return path
    .split("/")
    .map((segment) => encode(decode(segment)))
    .join("/");
}

/** Returns the canonical spelling of the path in a target, or nothing if it is malformed. */
export function routePath(target: string): string {
  try {
    return normalPath(splitTarget(target)[0]);
  } catch {
    return "";
  }
}

/** Percent-decodes strictly. Throws a BadRequestError for invalid UTF-8, or a NUL. */
export function decode(text: string): string {
  if (!text.includes("%")) return text;
  const decoded = decodeStrictly(text);
  if (decoded.includes("\0")) throw new BadRequestError();
  return decoded;
}

/** Lists the names and values of a query; `+` is a space. Throws a BadRequestError as `decode` does. */
export function parseQuery(query: string): [name: string, value: string][] {
  const pairs = query.split("&").filter((pair) => pair !== "");
  return pairs.map((pair) => {
    const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
    return [decode(name), decode(value.join("="))];
  });
}

/** Percent-encodes all but the unreserved characters. */
export function encode(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(RESERVED, hex);
}

function decodeStrictly(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new BadRequestError({ cause: error });
    throw error;
  }
}
