/** The Prisma schema matches the tables and views that the migrations create. */

import { expect } from "vitest";
import { type Model, readTables, type Table } from "../src/models.js";
import type { Resources } from "../src/resources.js";
import { test } from "./fixtures.js";

interface ColumnRow {
  table: string;
  name: string;
  type: string;
  nullable: boolean;
  default: string | null;
}

interface IndexRow {
  table: string;
  name: string;
  columns: string[];
  unique: boolean;
}

// The expression of a generated column is not a default.
const COLUMNS = `
  SELECT relname AS "table", attname AS name, format_type(atttypid, atttypmod) AS type,
    NOT attnotnull AS nullable,
    CASE attgenerated WHEN '' THEN pg_get_expr(adbin, adrelid) END AS "default"
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relnamespace = 'public'::regnamespace AND relkind = $1::"char" AND attnum > 0
    AND NOT attisdropped AND relname <> 'alembic_version'
  ORDER BY relname, attnum`;

const INDEXES = `
  SELECT tables.relname AS "table", indexes.relname AS name, indisunique AS unique,
    array(SELECT attname::text FROM unnest(indkey) WITH ORDINALITY AS key (number, place)
      JOIN pg_attribute ON attrelid = indrelid AND attnum = number ORDER BY place) AS columns
  FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid
    JOIN pg_class AS tables ON tables.oid = indrelid
  WHERE tables.relnamespace = 'public'::regnamespace AND tables.relname <> 'alembic_version'
    AND indpred IS NULL`;

async function migrated({ database }: Resources, kind: "r" | "v"): Promise<Table[]> {
  const columns = await database.client.$queryRawUnsafe<ColumnRow[]>(COLUMNS, kind);
  const indexes = await database.client.$queryRawUnsafe<IndexRow[]>(INDEXES);
  const names = [...new Set(columns.map(({ table }) => table))];
  return names.map((name) => ({
    name,
    columns: columns.filter(({ table }) => table === name).map(({ table: _, ...column }) => column),
    indexes: Object.fromEntries(
      indexes
        .filter(({ table }) => table === name)
        .map(({ name, columns, unique }) => [name, { columns, unique }]),
    ),
  }));
}

test("models match the database", async ({ origin: _, resources }) => {
  const views = namesOf(await migrated(resources, "v"));
  const tables = readTables().filter(({ name }) => !views.includes(name));
  expect(tables.map(tableOf)).toEqual(await migrated(resources, "r"));
});

// A view has no NOT NULL information about its columns.
test("views have the columns of their models", async ({ origin: _, resources }) => {
  const views = await migrated(resources, "v");
  const models = readTables().filter(({ name }) => namesOf(views).includes(name));
  expect(namesOf(models)).toEqual(namesOf(views));
  expect(models.map(described)).toEqual(views.map(described));
});

function tableOf({ model: _, ...table }: Model): Table {
  return table;
}

function namesOf(tables: Table[]): string[] {
  return tables.map(({ name }) => name);
}

function described({ columns }: Table): [name: string, type: string][] {
  return columns.map(({ name, type }) => [name, type]);
}

test("constraint names match those used for errors", async ({ origin: _, resources }) => {
  const names = await resources.database.client.$queryRaw<{ name: string }[]>`
    SELECT conname AS name FROM pg_constraint WHERE contype IN ('u', 'f')
    UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'`;
  expect(names.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "users_email_key",
      "time_entries_one_running",
      "sessions_user_id_fkey",
      "tasks_user_id_fkey",
    ]),
  );
});
