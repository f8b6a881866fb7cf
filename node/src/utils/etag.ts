import { createHash } from "node:crypto";

const TAG = /(?:W\/)?"[^"]*"/g;

/** Computes the strong entity tag (RFC 9110, 8.8.3) of a body from 128 bits of its SHA-256. */
export function makeEtag(body: Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
}

/** Returns whether If-Match matches `etag`, by strong comparison (RFC 9110, 13.1.1). */
export function matchesStrongly(header: string, etag: string): boolean {
  return header === "*" || tagsOf(header).includes(etag);
}

/** Returns whether If-None-Match matches `etag`, by weak comparison (RFC 9110, 13.1.2). */
export function matchesWeakly(header: string, etag: string): boolean {
  return header === "*" || tagsOf(header).some((tag) => tag.replace(/^W\//, "") === etag);
}

function tagsOf(header: string): string[] {
  return header.match(TAG) ?? [];
}
