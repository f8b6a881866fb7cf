import { expect, vi } from "vitest";
import type { Call } from "../src/api/call.js";
import { ErrorHandler } from "../src/api/middleware/error-handler.js";
import { type Outage, outageOf } from "../src/outages.js";
import { CODES } from "../src/server/refusals.js";
import * as taskService from "../src/services/task-service.js";
import * as errors from "../src/utils/errors.js";
import { test } from "./fixtures.js";

vi.mock("../src/outages.js", { spy: true });
vi.mock("../src/services/task-service.js", { spy: true });

// Each with how often connections are renewed because of it.
const OUTAGES: [outage: Outage, renewals: number][] = [
  [{ cause: "silent", sqlstate: null, exception: "NoAnswerError" }, 1],
  [{ cause: "refused", sqlstate: "25006", exception: "DatabaseError" }, 1],
  [{ cause: "refused", sqlstate: "53100", exception: "DatabaseError" }, 0],
  [{ cause: "lost", sqlstate: null, exception: "Error" }, 0],
  [{ cause: "busy", sqlstate: null, exception: "Error" }, 0],
];

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

test.for(OUTAGES)(
  "connections are renewed after a failover alone: %j",
  ([outage, renewals], { contract, log }) => {
    let renewed = 0;
    const renew = () => {
      renewed += 1;
    };
    const call = { context: { requestId: "the-id" }, resources: { database: { renew } } };
    vi.mocked(outageOf).mockReturnValueOnce(outage);
    const handler = new ErrorHandler(contract, (_, given) => given);
    const answer = handler.answer(call as unknown as Call, new Error());
    expect([answer.status, answer.headers["Retry-After"]]).toEqual([503, "1"]);
    expect(renewed).toBe(renewals);
    expect(log.lines.at(-1)).toMatchObject({ event: "database_unavailable", ...outage });
  },
);
