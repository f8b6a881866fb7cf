/** The tables as Prisma has them, which the generated client does not tell. */

import { readFileSync } from "node:fs";
import type { DMMF } from "@prisma/generator-helper";

/** A column; `type` and `default` are written as PostgreSQL does. */
export interface Column {
  name: string;
  type: string;
  nullable: boolean;
  default: string | null;
}

/** A table, its columns and the columns of its keys and indexes by their names. */
export interface Table {
  name: string;
  columns: Column[];
  indexes: Record<string, { columns: string[]; unique: boolean }>;
}

/** A table with the name of its model. */
export interface Model extends Table {
  model: string;
}

// Written by prisma/models-generator.mjs.
const MODELS = new URL("../src/generated/models.json", import.meta.url);
const TYPES: Record<string, string> = {
  BigInt: "bigint",
  Bytes: "bytea",
  Int: "integer",
  Json: "jsonb",
  String: "text",
  Timestamptz: "timestamp with time zone",
  Uuid: "uuid",
};

/** Reads all tables, in the order of their names. */
export function readTables(): Model[] {
  const { models, indexes }: DMMF.Datamodel = JSON.parse(readFileSync(MODELS, "utf8"));
  const tables = models.map((model) => {
    const own = indexes.filter((index) => index.model === model.name);
    return readTable(model, own);
  });
  return tables.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function readTable({ name, dbName, fields }: DMMF.Model, indexes: DMMF.Index[]): Model {
  const stored = fields.filter(({ kind }) => kind === "scalar");
  const names = new Map(stored.map((field) => [field.name, nameOf(field)]));
  return {
    model: name,
    name: dbName ?? name,
    columns: stored.map(readColumn),
    indexes: Object.fromEntries(
      indexes.map(({ dbName, type, fields }) => {
        const columns = fields.map(({ name }) => names.get(name) ?? name);
        return [dbName, { columns, unique: type !== "normal" }];
      }),
    ),
  };
}

function readColumn(field: DMMF.Field): Column {
  const [native = field.type, [precision] = []] = field.nativeType ?? [];
  const type = TYPES[native]?.replace(" ", precision ? `(${precision}) ` : " ") ?? native;
  return {
    name: nameOf(field),
    type: type + (field.isList ? "[]" : ""),
    nullable: !field.isRequired,
    default: defaultOf(field),
  };
}

/** Gives the expression of a default, which Prisma has as an argument of `dbgenerated`. */
function defaultOf({ default: value }: DMMF.Field): string | null {
  const expression = typeof value === "object" && "args" in value ? value.args[0] : null;
  return expression === undefined || expression === null ? null : String(expression);
}

function nameOf({ name, dbName }: DMMF.Field): string {
  return dbName ?? name;
}
