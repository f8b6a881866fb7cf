import { createHash } from "node:crypto";

const TAG = /(?:W\/)?"[^"]*"/g;

/** Makes the strong entity tag (RFC 9110, 8.8.3) of a body, out of 128 bits of its SHA-256. */
export function makeEtag(body: Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
}

/** Tells whether If-Match lets `etag` through: strong comparison (RFC 9110, 13.1.1). */
export function matchesStrongly(header: string, etag: string): boolean {
  return header === "*" || tagsOf(header).includes(etag);
}

/** Tells whether If-None-Match names `etag`: weak comparison (RFC 9110, 13.1.2). */
export function matchesWeakly(header: string, etag: string): boolean {
  return header === "*" || tagsOf(header).some((tag) => tag.replace(/^W\//, "") === etag);
}

function tagsOf(header: string): string[] {
  return header.match(TAG) ?? [];
}
