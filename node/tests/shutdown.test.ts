/** Start and shutdown of the process. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { expect } from "vitest";
import type { Settings } from "../src/config.js";
import type { Received } from "./clients.js";
import { test } from "./fixtures.js";
import { running, type Server, waitUntil } from "./servers.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const WAITING = "SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))";

function childrenOf(pid: number | undefined): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

/** Sends an update that waits for a lock, which the connection holds until its rollback. */
async function changeInFlight(
  server: Server,
  settings: Settings,
  use: (change: Promise<Received>, database: pg.Client) => Promise<void>,
): Promise<void> {
  const database = new pg.Client(settings.databaseUrl);
  const observer = new pg.Client(settings.databaseUrl);
  await Promise.all([database.connect(), observer.connect()]);
  const client = await server.login();
  const task = await client.makeTask();
  const [{ pid }] = (await database.query("SELECT pg_backend_pid() AS pid")).rows;
  await database.query("BEGIN");
  await database.query("SELECT 1 FROM tasks WHERE id = $1 FOR UPDATE", [task.id]);
  const change = client.patch(`tasks/${task.id}`, { title: "b" }, { "If-Match": "*" });
  // Other tests wait for locks at the same time.
  await waitUntil(async () => (await observer.query(WAITING, [pid])).rowCount === 1);
  await use(change, database);
  await Promise.all([database.end(), observer.end()]);
}

test("requests in flight are finished", async ({ settings }) => {
  await running({}, async (server) => {
    await changeInFlight(server, settings, async (change, database) => {
      server.process.kill("SIGTERM");
      await waitUntil(async () => !(await server.answers()));
      await database.query("ROLLBACK");
      expect((await change).status).toBe(200);
      expect(await server.exited).toBe(0);
    });
  });
});

test("drain time is bounded", async ({ settings }) => {
  const limits = { SHUTDOWN_SECONDS: "1", DATABASE_TIMEOUT_MS: "60000" };
  await running(limits, async (server) => {
    await changeInFlight(server, settings, async (change) => {
      const lost = expect(change).rejects.toThrow();
      const started = performance.now();
      expect(await server.stop()).toBe(0);
      expect(performance.now() - started).toBeLessThan(10_000);
      await lost;
    });
  });
});

test("drain is announced before connections are refused", async () => {
  await running({ SHUTDOWN_DELAY_SECONDS: "60" }, async (server) => {
    const ready = () => fetch(`${server.origin}/ready`);
    server.process.kill("SIGTERM");
    await waitUntil(async () => (await ready()).status === 503);
    expect(await (await ready()).json()).toMatchObject({ code: "shutting_down" });
    const answer = await server.exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain("Connection: close\r\n");
    // A second signal ends the drain.
    expect(await server.stop()).toBe(0);
  });
});

test.for(["1", "2"])("second signal ends a drain: %s", async (workers, { settings }) => {
  const limits = { SHUTDOWN_SECONDS: "300", DATABASE_TIMEOUT_MS: "60000", WORKERS: workers };
  await running(limits, async (server) => {
    await changeInFlight(server, settings, async (change) => {
      const lost = expect(change).rejects.toThrow();
      server.process.kill("SIGTERM");
      await waitUntil(async () => !(await server.answers()));
      expect(await server.stop()).toBe(0);
      await lost;
    });
  });
});

test("idle connections are kept for the keep-alive time", async () => {
  await running({ KEEP_ALIVE_SECONDS: "1" }, async (server) => {
    const started = performance.now();
    const answer = await server.exchange("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(answer).not.toContain("Connection: close");
    expect(performance.now() - started).toBeGreaterThan(900);
  });
});

test.skipIf(process.platform !== "linux")("killed worker is replaced", async () => {
  await running({ WORKERS: "2" }, async (server) => {
    const { pid } = server.process;
    await waitUntil(() => childrenOf(pid).length === 2);
    for (const worker of childrenOf(pid)) process.kill(worker, "SIGKILL");
    await waitUntil(() => server.answers());
    expect(await server.stop()).toBe(0);
  });
});

test("workers end with their supervisor", async () => {
  await running({ WORKERS: "2" }, async (server) => {
    server.process.kill("SIGKILL");
    await server.exited;
    await waitUntil(async () => !(await server.answers()));
  });
});

test("metrics are summed over workers", async () => {
  await running({ WORKERS: "2" }, async (server) => {
    for (let sent = 0; sent < 10; sent++) await fetch(`${server.origin}/ready`);
    const metrics = await (await fetch(`${server.origin}/metrics`)).text();
    const counted = 'http_requests_total{method="GET",operation="getReadiness",status="200"} 10';
    expect(metrics).toContain(counted);
    expect(await server.stop()).toBe(0);
  });
});

test.skipIf(process.platform !== "linux")(
  "metrics are available while a worker starts",
  async () => {
    await running({ WORKERS: "2" }, async (server) => {
      const { pid } = server.process;
      await waitUntil(() => childrenOf(pid).length === 2);
      const killed = childrenOf(pid)[0] ?? 0;
      process.kill(killed, "SIGKILL");
      await waitUntil(() => !childrenOf(pid).includes(killed));
      for (let asked = 0; asked < 5; asked++) {
        await waitUntil(() => server.answers());
        // On a connection of its own: a kept-alive one may be that of the killed worker.
        const answer = await server.exchange(
          "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      }
      expect(await server.stop()).toBe(0);
    });
  },
);

test("port in use ends the server", async () => {
  await running({}, async (server) => {
    const env = { ...process.env, PORT: String(server.port), WORKERS: "2" };
    const ended = promisify(execFile)(process.execPath, [MAIN], { env });
    await expect(ended).rejects.toMatchObject({ code: 1 });
  });
});

test.for(["PORT", "CONTRACT_PATH"])("invalid setting is named: %s", async (name) => {
  const env = { ...process.env, [name]: "/nowhere" };
  const ended = promisify(execFile)(process.execPath, [MAIN], { env });
  await expect(ended).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(name) });
});
