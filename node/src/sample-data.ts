/** Sample data: the same rows in both twins, with the same ids and times each time. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { db, transactional } from "./db.js";
import type { Task, TimeEntry, User } from "./generated/prisma/client.js";
import { hashPassword } from "./services/password-service.js";

type Row = Record<string, unknown>;
type SampleData = { password: string } & Record<"users" | "tasks" | "time_entries", Row[]>;

const FILE = new URL("../../tooling/sample-data.yaml", import.meta.url);

/** Inserts the missing rows; returns the number of new rows by table. */
export const insertSampleData = transactional(async (): Promise<Record<string, number>> => {
  const sample: SampleData = parse(readFileSync(FILE, "utf8"));
  const users: User[] = [];
  for (const row of sample.users) {
    users.push({ ...valuesOf<User>(row), passwordHash: await hashPassword(sample.password) });
  }
  const options = { skipDuplicates: true };
  const inserted = {
    users: await db().user.createMany({ data: users, ...options }),
    tasks: await db().task.createMany({ data: sample.tasks.map(valuesOf<Task>), ...options }),
    time_entries: await db().timeEntry.createMany({
      data: sample.time_entries.map(valuesOf<Omit<TimeEntry, "duration">>),
      ...options,
    }),
  };
  return Object.fromEntries(Object.entries(inserted).map(([table, { count }]) => [table, count]));
});

/** Returns a row with the names of Prisma's fields. */
function valuesOf<T>(row: Row): T {
  const values = Object.entries({ ...row, updated_at: row.created_at });
  return Object.fromEntries(values.map(([name, value]) => [camelCase(name), value])) as T;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
