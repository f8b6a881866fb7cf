import { expect, vi } from "vitest";
import { CODES } from "../src/server/refusals.js";
import * as taskService from "../src/services/task-service.js";
import * as errors from "../src/utils/errors.js";
import { test } from "./fixtures.js";

vi.mock("../src/services/task-service.js", { spy: true });

test("every error code has one exception", ({ contract }) => {
  const made = Object.values(errors).map((type) => {
    return new (type as unknown as new (...details: unknown[]) => errors.DomainError)([]).code;
  });
  const codes = made.filter((code) => code !== undefined);
  expect(codes.sort()).toEqual(Object.keys(contract.get("x-errors")).sort());
});

test("codes of the HTTP parser are in the catalogue", ({ contract }) => {
  expect(Object.keys(contract.get("x-errors"))).toEqual(expect.arrayContaining([...CODES]));
});

test("internal error reveals no details", async ({ client }) => {
  vi.mocked(taskService.getTask).mockRejectedValueOnce(new RangeError("secret"));
  const answer = await client.get("tasks/01936d5e-8a00-7000-8000-000000000001");
  expect(answer.status).toBe(500);
  expect(answer.json.code).toBe("internal_error");
  expect(answer.text).not.toContain("secret");
});
