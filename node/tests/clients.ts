/** Users of the API, for tests. */

import { randomUUID } from "node:crypto";
import type { components } from "../src/generated/contract.js";

export const PASSWORD = "correct horse battery";

type Task = components["schemas"]["Task"];
type TimeEntry = components["schemas"]["TimeEntry"];

/** A response whose body has been read. */
export interface Received {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  json: any;
}

export function freshEmail(): string {
  return `user-${randomUUID()}@example.com`;
}

export function freshAddress(): string {
  return (randomUUID().replaceAll("-", "").match(/.{4}/g) ?? []).join(":");
}

/** A client of the API; the path prefix of the API may be omitted: `tasks`. */
export class Client {
  token = "";

  // The tests trust one proxy, so that each client has its own address.
  constructor(
    private readonly origin: string,
    readonly address = freshAddress(),
  ) {}

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Received> {
    const answer = await fetch(this.origin + (path.startsWith("/") ? path : `/api/v1/${path}`), {
      method,
      headers: {
        "X-Forwarded-For": this.address,
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("Content-Type")?.endsWith("json");
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    };
  }

  get(path: string, headers?: Record<string, string>): Promise<Received> {
    return this.send("GET", path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Received> {
    return this.send("POST", path, body, headers);
  }

  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Received> {
    return this.send("PATCH", path, body, headers);
  }

  delete(path: string, headers?: Record<string, string>): Promise<Received> {
    return this.send("DELETE", path, undefined, headers);
  }

  async makeTask(title = "A task", values: object = {}): Promise<Task> {
    return (await this.post("tasks", { title, ...values })).json;
  }

  async makeEntry(task: Task, start_time: string, end_time?: string): Promise<TimeEntry> {
    const body = { task_id: task.id, start_time, end_time: end_time ?? null };
    return (await this.post("time-entries", body)).json;
  }
}

/** Creates a user, and returns a client that is logged in as that user. */
export async function registered(origin: string): Promise<Client> {
  const client = new Client(origin);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await client.post("auth/register", credentials);
  client.token = (await client.post("auth/login", credentials)).json.access_token;
  return client;
}
