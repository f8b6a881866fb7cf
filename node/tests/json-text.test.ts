import { expect, test } from "vitest";
import { dumpJson, JsonError, parseJson } from "../src/utils/json-text.js";

test.each([
  "",
  "NaN",
  "Infinity",
  '"\\ud800"',
  '{"\\udc00":1}',
  "\ufeff{}",
  "{} {}",
  "[1,]",
  "01",
  '"\t"',
  "[[[]]]",
  "[".repeat(100_000),
])("what is not JSON is refused: %.20s", (text) => {
  expect(() => parseJson(Buffer.from(text), 2)).toThrow(JsonError);
});

test("invalid UTF-8 is refused", () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), 2)).toThrow(JsonError);
});

test.each(['{"a":[1,2]}', "[[],{},3]", '{"a":1,"a":2,"b":3,"c":4}'])(
  "values are counted: %s",
  (text) => {
    parseJson(Buffer.from(text), 2, 3);
    expect(() => parseJson(Buffer.from(text), 2, 2)).toThrow(JsonError);
  },
);

test.each(['[1e400,"\\ud800"]', "[1e400,NaN]", "[1e400,"])(
  "a number beyond the range excuses nothing: %s",
  (text) => {
    expect(() => parseJson(Buffer.from(text), 2)).toThrow(JsonError);
  },
);

test.each(["1e400", "-1e400", "9".repeat(5000), "-0", "1.0", "1e2"])(
  "any number is readable: %.20s",
  (text) => {
    expect(parseJson(Buffer.from(text), 1)).toBeTypeOf("number");
  },
);

test("the last of equal keys counts", () => {
  const read = parseJson(Buffer.from('{"a":1,"__proto__":2,"a":3}'), 1);
  expect(Object.entries(read as object)).toEqual([
    ["a", 3],
    ["__proto__", 2],
  ]);
});

test("JSON is compact and not escaped", () => {
  const written = dumpJson({ b: "é🚚\u2028", a: [1, null] });
  expect(written.toString()).toBe('{"b":"é🚚\u2028","a":[1,null]}');
});
