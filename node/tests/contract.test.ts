import { expect } from "vitest";
import { Metrics } from "../src/api/middleware/metrics.js";
import { allHandlers } from "../src/api/routes/index.js";
import { createApp } from "../src/app.js";
import { Contract, ContractError } from "../src/contract.js";
import { test } from "./fixtures.js";

test("every operation has a handler", ({ contract, resources }) => {
  const handlers = allHandlers(resources, new Metrics(contract));
  expect(() => contract.bind(handlers)).not.toThrow();
  expect(Object.keys(handlers)).toHaveLength(contract.operations.size);
});

test("operation without a handler is an error", ({ contract, resources }) => {
  const { createTask: _, ...kept } = allHandlers(resources, new Metrics(contract));
  expect(() => contract.bind(kept)).toThrow("operation createTask has no handler");
});

test("handler without an operation is an error", ({ contract, resources }) => {
  const handlers = {
    ...allHandlers(resources, new Metrics(contract)),
    paintTask: () => undefined,
  };
  expect(() => contract.bind(handlers)).toThrow("handler paintTask has no operation");
});

test("all mismatches are listed in order", ({ contract, resources }) => {
  const { createTask: _, stopTimer: __, ...kept } = allHandlers(resources, new Metrics(contract));
  const handlers = { ...kept, paintTask: () => undefined };
  expect(() => contract.bind(handlers)).toThrow(
    new ContractError(
      "handler paintTask has no operation; operation createTask has no handler; " +
        "operation stopTimer has no handler",
    ),
  );
});

test("application is not created with another contract", async ({ settings, contract, log: _ }) => {
  const [known, renamed] = ["operationId: createTask\n", "operationId: paintTask\n"];
  const other = new Contract(Buffer.from(contract.source.toString().replace(known, renamed)));
  await expect(createApp(settings, other, new Metrics(other))).rejects.toThrow(
    "operation paintTask has no handler",
  );
});

test.for([
  ["/api/v1/tasks", "unauthenticated"],
  ["/api/v1/t%61sks/x", "unauthenticated"],
  ["/api/v1/tasks/a%2Fb", "unauthenticated"],
])("paths are compared after one decoding: %s", async ([path = "", code], { client }) => {
  expect((await client.get(path, { Authorization: "" })).json.code).toBe(code);
});

test.for(["/api/v1/tasks/", "//api/v1/tasks", "/API/v1/tasks", "/"])(
  "other paths are unknown: %s",
  async (path, { client }) => {
    expect((await client.get(path)).json.code).toBe("path_not_found");
  },
);

test("Allow lists methods in the order of the contract", ({ contract }) => {
  expect(contract.allow("/api/v1/users/me")).toBe("GET, HEAD, PATCH, OPTIONS");
});
