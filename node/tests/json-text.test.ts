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
])("text that is not JSON is rejected: %.20s", (text) => {
  expect(() => parseJson(Buffer.from(text), 2)).toThrow(JsonError);
});

test("invalid UTF-8 is rejected", () => {
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
  "out-of-range number does not hide other errors: %s",
  (text) => {
    expect(() => parseJson(Buffer.from(text), 2)).toThrow(JsonError);
  },
);

test.each(["1e400", "-1e400", "9".repeat(5000), "-0", "1.0", "1e2"])(
  "every JSON number is parsed: %.20s",
  (text) => {
    expect(parseJson(Buffer.from(text), 1)).toBeTypeOf("number");
  },
);

test("last duplicate key wins", () => {
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
