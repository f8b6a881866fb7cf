/** Serialized bodies have the properties of the contract, in the same order. */

import { expect } from "vitest";
import { dumpTokens } from "../src/api/schemas/auth.js";
import { dumpTimeReport } from "../src/api/schemas/report.js";
import { dumpTask, loadTaskCreate, loadTaskUpdate } from "../src/api/schemas/task.js";
import {
  dumpTimeEntry,
  loadTimeEntryCreate,
  loadTimeEntryUpdate,
} from "../src/api/schemas/time-entry.js";
import { dumpUser, loadUserUpdate } from "../src/api/schemas/user.js";
import { test } from "./fixtures.js";

const NOW = new Date();
const MADE = { id: "", createdAt: NOW, updatedAt: NOW };
const ROW = {
  day: null,
  task_id: null,
  tag: null,
  tracked_seconds: 0n,
  entry_count: 1n,
  total: 0n,
};
const REPORT = { start: NOW, end: NOW, groupBy: "day", tz: "UTC", trackedSeconds: 0n } as const;
const TASK = { title: "", description: null, status: "pending", tags: [], dueAt: null };
const ENTRY = { startTime: NOW, endTime: null, duration: null, note: null };

const DUMPED: Record<string, object | undefined> = {
  Tokens: dumpTokens({ accessToken: "", tokenType: "Bearer", expiresIn: 1, refreshToken: "" }),
  User: dumpUser({ ...MADE, email: "", passwordHash: "", role: "user" }),
  Task: dumpTask({ ...MADE, ...TASK, userId: "", trackedSeconds: 0n }),
  TimeEntry: dumpTimeEntry({ ...MADE, ...ENTRY, userId: "", taskId: "" }),
  TimeReport: dumpTimeReport({ ...REPORT, rows: [] }),
  TimeReportRow: dumpTimeReport({ ...REPORT, rows: [ROW] }).rows[0],
};

const TIME = "2026-02-02T09:00:00Z";
const TASK_BODY = {
  title: "a",
  description: null,
  status: "pending",
  tags: [],
  due_at: TIME,
} as const;
const ENTRY_BODY = { start_time: TIME, end_time: TIME, note: null };
const USER_BODY = { email: "a@b.de", password: "a", current_password: "b" };

const LOADED: Record<string, [body: object, loaded: object]> = {
  TaskCreate: [TASK_BODY, loadTaskCreate({ ...TASK_BODY, tags: [] })],
  TaskUpdate: [TASK_BODY, loadTaskUpdate({ ...TASK_BODY, tags: [] })],
  TaskTimeEntryCreate: [ENTRY_BODY, loadTimeEntryCreate(ENTRY_BODY)],
  TimeEntryUpdate: [ENTRY_BODY, loadTimeEntryUpdate(ENTRY_BODY)],
  UserUpdate: [USER_BODY, loadUserUpdate(USER_BODY)],
};

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

test.for(Object.entries(DUMPED))(
  "fields are the properties of the contract: %s",
  ([name, dumped], { contract }) => {
    const { properties } = contract.get("components").schemas[name] as { properties: object };
    expect(Object.keys(dumped ?? {})).toEqual(Object.keys(properties));
  },
);

test.for(Object.entries(LOADED))(
  "every property is read: %s",
  ([name, [body, loaded]], { contract }) => {
    const { properties } = contract.get("components").schemas[name] as { properties: object };
    expect(Object.keys(body).sort()).toEqual(Object.keys(properties).sort());
    expect(Object.keys(loaded).map(snakeCase).sort()).toEqual(Object.keys(properties).sort());
  },
);
