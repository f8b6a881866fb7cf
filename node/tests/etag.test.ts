import { expect, test } from "vitest";
import { makeEtag, matchesStrongly, matchesWeakly } from "../src/utils/etag.js";

const ETAG = makeEtag(Buffer.from("body"));

test("ETag is half of the SHA-256", () => {
  expect(makeEtag(Buffer.alloc(0))).toBe('"e3b0c44298fc1c149afbf4c8996fb924"');
});

test.each([
  [ETAG, true, true],
  [`W/${ETAG}`, false, true],
  [`"a", ${ETAG}`, true, true],
  [`"a,b",W/${ETAG}`, false, true],
  ['"a"', false, false],
  ["*", true, true],
])("comparison: %s", (tags, strongly, weakly) => {
  expect(matchesStrongly(tags, ETAG)).toBe(strongly);
  expect(matchesWeakly(tags, ETAG)).toBe(weakly);
});

test.each([
  // RFC 9110, 8.8.3.2, where the server's own tag is strong
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
  ['W/"2"', '"1"', false, false],
  // RFC 9110, 13.1.1
  ['"xyzzy"', '"xyzzy"', true, true],
  ['"xyzzy", "r2d2xxxx", "c3piozzzz"', '"r2d2xxxx"', true, true],
  ['"xyzzy", "r2d2xxxx", "c3piozzzz"', '"r2d2"', false, false],
  // RFC 9110, 13.1.2
  ['W/"xyzzy"', '"xyzzy"', false, true],
  ['W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"', '"c3piozzzz"', false, true],
])("examples of RFC 9110: %s", (tags, etag, strongly, weakly) => {
  expect(matchesStrongly(tags, etag)).toBe(strongly);
  expect(matchesWeakly(tags, etag)).toBe(weakly);
});
