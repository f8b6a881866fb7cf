import { expect, test } from "vitest";
import { Validator } from "../src/utils/json-schema.js";

const TITLE = { type: "string", maxLength: 3, pattern: "^[a-z]*$" };
const LIST = {
  type: "array",
  maxItems: 2,
  uniqueItems: true,
  items: { $ref: "#/components/title" },
};

test.each([
  ["A", [["", "pattern"]]],
  ["AAAA", [["", "maxLength"]]],
  [1, [["", "type"]]],
])("what is too long is told to be that alone: %j", (value, expected) => {
  const found = new Validator(TITLE, {}, "body").violations(value);
  expect(found.map(({ pointer, rule }) => [pointer, rule])).toEqual(expected);
});

test.each([
  [["a", "a"], [["", "uniqueItems"]]],
  [
    ["A", "A"],
    [
      ["/0", "pattern"],
      ["/1", "pattern"],
    ],
  ],
  [["A", "A", "A"], [["", "maxItems"]]],
])("items of too many are not judged: %j", (value, expected) => {
  const found = new Validator(LIST, { title: TITLE }, "body").violations(value);
  expect(found.map(({ pointer, rule }) => [pointer, rule])).toEqual(expected);
});
