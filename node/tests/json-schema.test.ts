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
])("too long string violates only maxLength: %j", (value, expected) => {
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
])("items of a too long array are not validated: %j", (value, expected) => {
  const found = new Validator(LIST, { title: TITLE }, "body").violations(value);
  expect(found.map(({ pointer, rule }) => [pointer, rule])).toEqual(expected);
});

// Keywords that look inside a value, each with a value that violates it.
const WITHIN: Record<string, [rules: unknown, value: unknown]> = {
  pattern: ["^b$", "aa"],
  items: [{ type: "null" }, [1, 2]],
  prefixItems: [
    [{ type: "null" }, { type: "null" }],
    [1, 2],
  ],
  contains: [{ type: "null" }, [1, 2]],
  uniqueItems: [true, [1, 1]],
  properties: [{ a: { type: "null" } }, { a: 1, b: 2 }],
  patternProperties: [{ a: { type: "null" } }, { a: 1, b: 2 }],
  additionalProperties: [false, { a: 1, b: 2 }],
  propertyNames: [{ pattern: "^b$" }, { a: 1, b: 2 }],
  unevaluatedItems: [false, [1, 2]],
  unevaluatedProperties: [false, { a: 1, b: 2 }],
};

function boundOf(value: unknown): [bound: string, type: string] {
  if (typeof value === "string") return ["maxLength", "string"];
  return Array.isArray(value) ? ["maxItems", "array"] : ["maxProperties", "object"];
}

test.each(Object.keys(WITHIN))("too large value is not validated further: %s", (rule) => {
  const [rules, value] = WITHIN[rule] ?? [];
  const [bound, type] = boundOf(value);
  const schema = { type, [rule]: rules };
  const found = new Validator({ ...schema, [bound]: 1 }, {}, "body").violations(value);
  expect(found.map((each) => [each.pointer, each.rule])).toEqual([["", bound]]);
  const within = new Validator({ ...schema, [bound]: 2 }, {}, "body").violations(value);
  expect(within).not.toEqual([]);
  expect(within.map((each) => each.rule)).not.toContain(bound);
});

test.each(["const", "enum"])("value in a schema is no schema: %s", (rule) => {
  const value = { maxItems: 1, items: 2 };
  const validator = new Validator({ [rule]: rule === "const" ? value : [value] }, {}, "body");
  expect(validator.violations(value)).toEqual([]);
  expect(validator.violations({ maxItems: 1 }).map((each) => each.rule)).toEqual([rule]);
});

test("at most 1000 violations are listed", () => {
  const schema = { type: "array", items: { type: "null" } };
  const found = new Validator(schema, {}, "body").violations(Array(1001).fill(1));
  expect(found).toHaveLength(1000);
});

test("pointers are escaped", () => {
  const schema = { type: "object", additionalProperties: { type: "null" } };
  const found = new Validator(schema, {}, "body").violations({ "a/b~c": 1 });
  expect(found).toEqual([{ place: "body", pointer: "/a~1b~0c", rule: "type" }]);
});
