import { expect, test } from "vitest";
import { makeEtag, matchesStrongly, matchesWeakly } from "../src/utils/etag.js";

const ETAG = makeEtag(Buffer.from("body"));

test("an ETag is half of the SHA-256", () => {
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
