import { expect, test } from "vitest";
import { BadRequestError } from "../src/utils/errors.js";
import { decode, encode, parseQuery, routePath, splitTarget } from "../src/utils/uri.js";

test.each([
  ["/a?b=c?d", ["/a", "b=c?d"]],
  ["http://host:1/a?b", ["/a", "b"]],
  ["http://host", ["/", ""]],
  ["http://host?a=b", ["/", "a=b"]],
  ["//a", ["//a", ""]],
  ["/a?b=http://c/d", ["/a", "b=http://c/d"]],
  ["http://host/http://a/b", ["/http://a/b", ""]],
])("targets are split: %s", (target, parts) => {
  expect(splitTarget(target)).toEqual(parts);
});

test.each([
  ["/%61%2fb/c?d", "/a%2Fb/c"],
  ["//a/./", "//a/./"],
  ["/é!", "/%C3%A9%21"],
  ["/%zz", ""],
  ["/%00", ""],
  ["/a#b", ""],
])("path is normalised: %s", (target, path) => {
  expect(routePath(target)).toBe(path);
});

test("fragment is rejected", () => {
  expect(() => splitTarget("/a#b")).toThrow(BadRequestError);
});

test.each(["%ff", "%zz", "%", "%0", "%00", "%c3%28", "%ed%a0%80"])(
  "invalid percent encoding is rejected: %s",
  (text) => {
    expect(() => decode(text)).toThrow(BadRequestError);
  },
);

test("queries are parsed", () => {
  expect(parseQuery("a=1+2&&b&=c&a=%2B&d=e=f&")).toEqual([
    ["a", "1 2"],
    ["b", ""],
    ["", "c"],
    ["a", "+"],
    ["d", "e=f"],
  ]);
});

test("all but unreserved characters are encoded", () => {
  expect(encode("aZ9-._~ !'()*é")).toBe("aZ9-._~%20%21%27%28%29%2A%C3%A9");
});
