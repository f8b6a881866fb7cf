import { expect, test } from "vitest";
import { formatInstant, parseInstant } from "../src/utils/instants.js";

test.each([
  ["2026-02-01T08:00:00Z", "2026-02-01T08:00:00.000Z"],
  ["2026-02-01T08:00:00.9999+01:00", "2026-02-01T07:00:00.999Z"],
  ["2026-02-01T08:00:00.123456789Z", "2026-02-01T08:00:00.123Z"],
  ["1970-01-01T00:00:00+13:59", "1969-12-31T10:01:00.000Z"],
  ["2999-12-31T23:59:59-13:59", "3000-01-01T13:58:59.000Z"],
  ["2024-02-29T00:00:00.1-00:30", "2024-02-29T00:30:00.100Z"],
])("instants are in UTC and truncated to milliseconds: %s", (text, written) => {
  expect(formatInstant(parseInstant(text))).toBe(written);
});

test("milliseconds are always written", () => {
  expect(formatInstant(new Date(Date.UTC(2026, 0, 1)))).toBe("2026-01-01T00:00:00.000Z");
});
