import { expect } from "vitest";
import { decodeCursor, encodeCursor } from "../src/utils/cursor.js";
import { InvalidCursorError } from "../src/utils/errors.js";
import { test } from "./fixtures.js";
import { codeOf } from "./servers.js";

const ID = "01936d5e-8a00-7000-8000-000000000001";

test.each(["2026-02-01T08:00:00.000Z", "Naïve 🚚", null])("cursor round trip: %s", (value) => {
  const cursor = { sort: "title", value, id: ID };
  expect(decodeCursor(encodeCursor(cursor), "title")).toEqual(cursor);
});

test("cursor is base64url of compact JSON", () => {
  const text = encodeCursor({ sort: "due_at", value: null, id: ID });
  const content = Buffer.from(text, "base64url").toString();
  expect(content).toBe(`{"sort":"due_at","value":null,"id":"${ID}"}`);
});

// `jq -cj . | basenc --base64url`, without the padding (RFC 4648, 5).
test("cursor matches independently encoded text", () => {
  const cursor = { sort: "title", value: "Naïve 🚚 ÿÿþ??>>", id: ID };
  const text =
    "eyJzb3J0IjoidGl0bGUiLCJ2YWx1ZSI6Ik5hw692ZSDwn5qaIMO_w7_Dvj8_Pj4iLCJpZCI6IjAxOTM2ZDVlLThh" +
    "MDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSJ9";
  expect(encodeCursor(cursor)).toBe(text);
  expect(decodeCursor(text, "title")).toEqual(cursor);
});

test.each([
  "not JSON",
  "null",
  "[]",
  `{"value":null,"sort":"title","id":"${ID}"}`,
  `{"sort":"title","value":1,"id":"${ID}"}`,
  `{"sort":"-title","value":"a","id":"${ID}"}`,
  `{"sort": "title","value":"a","id":"${ID}"}`,
  '{"sort":"title","value":"a","id":1}',
  `{"sort":"title","value":"a","id":"${ID}","more":1}`,
])("cursor that was not issued is rejected: %s", (content) => {
  const text = Buffer.from(content).toString("base64url");
  expect(() => decodeCursor(text, "title")).toThrow(InvalidCursorError);
});

test("non-zero padding bits are rejected", () => {
  const text = encodeCursor({ sort: "title", value: "a", id: ID });
  const last = String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
  expect(() => decodeCursor(text.slice(0, -1) + last, "title")).toThrow(InvalidCursorError);
});

test("ID in a cursor must match the contract", async ({ client }) => {
  const text = encodeCursor({ sort: "title", value: "a", id: ID.toUpperCase() });
  const answer = await client.get(`tasks?sort=title&cursor=${text}`);
  expect(codeOf(answer)).toEqual([422, "invalid_cursor"]);
});
