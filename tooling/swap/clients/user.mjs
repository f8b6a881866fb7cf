// One user, which sends one request at a time and checks each response against acknowledged data.

import { isDeepStrictEqual } from "node:util";
import { Known } from "./known.mjs";

// The relative frequency of each operation.
const MIX = {
  getTask: 28,
  listTasks: 20,
  updateTask: 14,
  createTask: 11,
  getTimeReport: 6,
  startTimer: 5,
  stopTimer: 5,
  getTimer: 4,
  createTimeEntry: 4,
  listTaskTimeEntries: 3,
  getCurrentUser: 2,
  deleteTask: 2,
  repeatCreation: 2,
  updateStaleTask: 1,
  getDeletedTask: 1,
  logIn: 1,
  refreshTokens: 1,
};
const FEWEST_TASKS = 3;
const MOST_TASKS = 25;
const PAGE = 4;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STATUSES = ["pending", "in_progress", "completed"];
const WORDS = ["Entwurf", "naïve", "再検討", "🚚 delivery", "a % _ b", "plain"];

/** There is no response, or its status is not the required one. */
export class Failed extends Error {}

/** A response contradicts what was acknowledged before. */
export class Inconsistent extends Error {}

/** A user. prefix: of the request ids. random: returns numbers in [0, 1). */
export class User {
  constructor(connection, prefix, random) {
    Object.assign(this, { connection, prefix, random });
    this.email = `${prefix}@swap.example.com`;
    this.password = `correct horse ${prefix}`;
    this.known = new Known();
    this.sent = 0;
    this.operation = "";
    this.page = { cursor: null, last: null };
    this.creation = null;
    // While the effect of a request is unknown.
    this.isUnsure = false;
    this.begun = Date.now();
  }

  /** Register, and log in. */
  async begin() {
    const credentials = { email: this.email, password: this.password };
    this.me = await this.#send("registerUser", "POST", "/auth/register", 201, {
      json: credentials,
    });
    await this.logIn();
  }

  /** Sends one request, and checks the response. Throws Failed or Inconsistent. */
  async step() {
    await this[this.#choose()]();
    this.isUnsure = false;
  }

  async createTask() {
    const number = this.sent;
    const json = {
      title: `Task ${number}, ${this.#oneOf(WORDS)}`,
      description: this.random() < 0.5 ? null : `${this.#oneOf(WORDS)}\n${this.#oneOf(WORDS)}`,
      status: this.#oneOf(STATUSES),
      tags: WORDS.slice(0, Math.floor(this.random() * 3)),
      due_at: this.random() < 0.5 ? null : new Date(this.begun + number * DAY_MS).toISOString(),
    };
    const key = `${this.prefix}-${number}`;
    const headers = { "idempotency-key": key };
    const answer = await this.#send("createTask", "POST", "/tasks", 201, { json, headers });
    const { id, created_at } = answer.json;
    const own = { tracked_seconds: 0, created_at, updated_at: created_at };
    this.#same(answer.json, { id, ...json, ...own }, "the created task");
    this.#same(answer.headers.location, `/api/v1/tasks/${id}`, "Location");
    this.known.keepTask(answer.json, answer);
    this.creation = { json, headers, answer };
  }

  /** A repeated creation is not executed again, whichever server responds. */
  async repeatCreation() {
    const { json, headers, answer: first } = this.creation;
    const answer = await this.#send("createTask", "POST", "/tasks", 201, { json, headers });
    this.#same(answer.body, first.body, "the response to a repeated creation");
    this.#same(answer.headers["idempotency-replayed"], "true", "Idempotency-Replayed");
    this.creation = null;
  }

  async getTask() {
    const id = this.#oneOf([...this.known.tasks.keys()]);
    const { body, etag } = this.known.tasks.get(id);
    const path = `/tasks/${id}`;
    if (etag !== null && this.random() < 0.3) {
      const headers = { "if-none-match": etag };
      const answer = await this.#send("getTask", "GET", path, 304, { headers });
      this.#same(answer.headers.etag, etag, "the ETag of a task that has not changed");
      return;
    }
    const answer = await this.#send("getTask", "GET", path, 200);
    this.#same(answer.json, this.known.task(id), "a task");
    if (body !== null) {
      this.#same(answer.body, body, "the bytes of a task");
      this.#same(answer.headers.etag, etag, "the ETag of a task");
    }
    this.known.keepTask(answer.json, answer);
  }

  async getDeletedTask() {
    const path = `/tasks/${this.#oneOf(this.known.deleted)}`;
    await this.#send("getTask", "GET", path, 404);
  }

  /** Requests a page of the tasks; the next one may come from another server. */
  async listTasks() {
    const { cursor, last } = this.page;
    const query = new URLSearchParams({ sort: "created_at", limit: String(PAGE) });
    if (cursor !== null) query.set("cursor", cursor);
    const answer = await this.#send("listTasks", "GET", `/tasks?${query}`, 200);
    const rest = this.known.tasksAfter(last);
    const { data, next_cursor } = answer.json;
    this.#same(data, rest.slice(0, PAGE), "a page of tasks");
    this.#same(next_cursor !== null, rest.length > PAGE, "whether there is another page");
    this.page = { cursor: next_cursor, last: next_cursor === null ? null : data.at(-1) };
  }

  async updateTask() {
    const id = this.#oneOf(this.#knownTags());
    const { etag } = this.known.tasks.get(id);
    const json = { title: `Changed ${this.sent}`, status: this.#oneOf(STATUSES) };
    const headers = { "if-match": etag };
    const before = this.known.task(id);
    const answer = await this.#send("updateTask", "PATCH", `/tasks/${id}`, 200, { json, headers });
    const { updated_at } = answer.json;
    this.#same(answer.json, { ...before, ...json, updated_at }, "a changed task");
    this.#same(updated_at >= before.updated_at, true, "updated_at, which never goes back");
    this.known.keepTask(answer.json, answer);
  }

  async updateStaleTask() {
    const id = this.#oneOf([...this.known.tasks.keys()]);
    const json = { title: "Never", status: "completed" };
    const headers = { "if-match": '"of-another-time"' };
    await this.#send("updateTask", "PATCH", `/tasks/${id}`, 412, { json, headers });
  }

  async deleteTask() {
    const ids = [...this.known.tasks.keys()].filter((id) => id !== this.known.running?.task_id);
    const id = this.#oneOf(ids);
    await this.#send("deleteTask", "DELETE", `/tasks/${id}`, 204);
    this.known.dropTask(id);
  }

  async startTimer() {
    const task_id = this.#oneOf([...this.known.tasks.keys()]);
    const json = { task_id, note: this.#oneOf(WORDS) };
    const answer = await this.#send("startTimer", "POST", "/timer/start", 201, { json });
    const { id, start_time, created_at, updated_at } = answer.json;
    const own = { id, start_time, end_time: null, duration: null, created_at, updated_at };
    this.#same(answer.json, { ...json, ...own }, "the started timer");
    this.known.running = answer.json;
  }

  async stopTimer() {
    const answer = await this.#send("stopTimer", "POST", "/timer/stop", 200);
    const { end_time, updated_at } = answer.json;
    const ms = Date.parse(end_time) - Date.parse(this.known.running.start_time);
    const own = { end_time, duration: Math.floor(ms / 1000), updated_at };
    this.#same(answer.json, { ...this.known.running, ...own }, "the stopped timer");
    this.known.running = null;
    this.known.keepEntry(answer.json);
  }

  async getTimer() {
    const { running } = this.known;
    const answer = await this.#send("getTimer", "GET", "/timer", running === null ? 404 : 200);
    if (running !== null) this.#same(answer.json, running, "the running timer");
  }

  async createTimeEntry() {
    const start = this.begun - 200 * DAY_MS + this.sent * HOUR_MS;
    const end = start + 60_000 + Math.floor(this.random() * 600_000);
    const json = {
      task_id: this.#oneOf([...this.known.tasks.keys()]),
      start_time: new Date(start).toISOString(),
      end_time: new Date(end).toISOString(),
      note: this.#oneOf(WORDS),
    };
    const answer = await this.#send("createTimeEntry", "POST", "/time-entries", 201, { json });
    const { id, created_at } = answer.json;
    const own = { id, duration: Math.floor((end - start) / 1000) };
    const times = { created_at, updated_at: created_at };
    this.#same(answer.json, { ...json, ...own, ...times }, "the created entry");
    this.known.keepEntry(answer.json);
  }

  async listTaskTimeEntries() {
    const id = this.#oneOf([...this.known.tasks.keys()]);
    const path = `/tasks/${id}/time-entries?limit=100`;
    const answer = await this.#send("listTaskTimeEntries", "GET", path, 200);
    const { running } = this.known;
    const wanted = this.known.entriesOf(id).concat(running?.task_id === id ? [running] : []);
    this.#same(byId(answer.json.data), byId(wanted), "the entries of a task");
  }

  async getTimeReport() {
    const from = new Date(this.begun - 364 * DAY_MS).toISOString();
    const to = new Date(this.begun + DAY_MS).toISOString();
    const query = new URLSearchParams({ from, to, group_by: "task" });
    const answer = await this.#send("getTimeReport", "GET", `/reports/time?${query}`, 200);
    const wanted = { from, to, group_by: "task", tz: "UTC", tracked_seconds: this.known.total() };
    this.#same(answer.json, { ...wanted, rows: this.known.report() }, "a report");
  }

  async getCurrentUser() {
    const answer = await this.#send("getCurrentUser", "GET", "/users/me", 200);
    this.#same(answer.body, this.me.body, "the user");
  }

  async logIn() {
    const json = { email: this.email, password: this.password };
    const answer = await this.#send("logIn", "POST", "/auth/login", 200, { json });
    this.tokens = answer.json;
  }

  async refreshTokens() {
    const json = { refresh_token: this.tokens.refresh_token };
    const answer = await this.#send("refreshTokens", "POST", "/auth/refresh", 200, { json });
    this.tokens = answer.json;
  }

  #choose() {
    const { tasks, running, deleted } = this.known;
    if (tasks.size < FEWEST_TASKS) return "createTask";
    const impossible = new Set([
      running === null ? "stopTimer" : "startTimer",
      tasks.size >= MOST_TASKS ? "createTask" : "",
      this.#knownTags().length === 0 ? "updateTask" : "",
      this.creation === null ? "repeatCreation" : "",
      deleted.length === 0 ? "getDeletedTask" : "",
      tasks.size === FEWEST_TASKS ? "deleteTask" : "",
    ]);
    const possible = Object.entries(MIX).filter(([name]) => !impossible.has(name));
    let left = this.random() * possible.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of possible) {
      left -= weight;
      if (left < 0) return name;
    }
    return "getTask";
  }

  /** Returns the ids of the tasks whose ETag is known. */
  #knownTags() {
    return [...this.known.tasks].filter(([, { etag }]) => etag !== null).map(([id]) => id);
  }

  async #send(operation, method, path, status, { json, headers } = {}) {
    this.sent += 1;
    this.operation = operation;
    this.requestId = `${this.prefix}.${this.sent}`;
    const body = json === undefined ? undefined : JSON.stringify(json);
    const fields = {
      ":method": method,
      ":path": `/api/v1${path}`,
      "x-request-id": this.requestId,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(this.tokens !== undefined && { authorization: `Bearer ${this.tokens.access_token}` }),
      ...headers,
    };
    this.isUnsure = method !== "GET";
    let answer;
    try {
      answer = await this.connection.send(fields, body);
    } catch (error) {
      throw new Failed(error.message, { cause: error });
    }
    if (answer.status !== status) {
      // A rejected request changes nothing.
      if (answer.status >= 400 && answer.status < 500) this.isUnsure = false;
      throw new Failed(`${answer.status} instead of ${status}: ${answer.body.slice(0, 300)}`);
    }
    this.#same(answer.headers["x-request-id"], this.requestId, "X-Request-ID");
    return { ...answer, json: answer.body === "" ? undefined : JSON.parse(answer.body) };
  }

  #same(found, wanted, what) {
    if (!isDeepStrictEqual(found, wanted)) {
      throw new Inconsistent(`${what}: ${shown(found)}, not ${shown(wanted)}`);
    }
  }

  #oneOf(values) {
    return values[Math.floor(this.random() * values.length)];
  }
}

function byId(entries) {
  return entries.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

function shown(value) {
  return JSON.stringify(value)?.slice(0, 600);
}
