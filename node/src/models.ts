/** The tables as prisma/schema.prisma has them, which the generated client does not tell. */

import { readFileSync } from "node:fs";

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

const SCHEMA = new URL("../prisma/schema.prisma", import.meta.url);
const MODEL = /^model (?<model>\w+) \{\n(?<body>.*?)^\}/gms;
const FIELD = /^ {2}(?<field>\w+) +(?<type>\w+)(?<list>\[\])?(?<optional>\?)?(?<rest>.*)$/gm;
const INDEX = /^ {2}@@(?<kind>id|index)\(\[(?<fields>[^\]]+)\], map: "(?<name>\w+)"\)/gm;
const TYPES: Record<string, string> = {
  BigInt: "bigint",
  Bytes: "bytea",
  DateTime: "timestamp(3) with time zone",
  Int: "integer",
  Json: "jsonb",
  String: "text",
};

/** Reads all tables, in the order of their names. */
export function readTables(): Table[] {
  const models = [...readFileSync(SCHEMA, "utf8").matchAll(MODEL)];
  const tables = models.map(({ groups }) => readTable(groups?.body ?? ""));
  return tables.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function readTable(body: string): Table {
  const fields = [...body.matchAll(FIELD)].map(({ groups }) => groups ?? {});
  const stored = fields.filter(({ type = "" }) => TYPES[type] !== undefined);
  const columns = new Map(stored.map((field) => [field.field ?? "", readColumn(field)]));
  const single = stored.flatMap(({ field = "", rest = "" }) => {
    const [, kind, name = ""] = /@(id|unique)\(map: "(\w+)"\)/.exec(rest) ?? [];
    return kind ? [[name, { columns: [nameOf(field, rest)], unique: true }] as const] : [];
  });
  const several = [...body.matchAll(INDEX)].map(({ groups: { kind, fields, name } = {} }) => {
    const names = (fields ?? "").split(", ").map((field) => columns.get(field)?.name ?? field);
    return [name ?? "", { columns: names, unique: kind === "id" }] as const;
  });
  return {
    name: /@@map\("(\w+)"\)/.exec(body)?.[1] ?? "",
    columns: [...columns.values()],
    indexes: Object.fromEntries([...single, ...several]),
  };
}

function readColumn(field: Record<string, string | undefined>): Column {
  const { field: name = "", type = "", list = "", optional, rest = "" } = field;
  const base = rest.includes("@db.Uuid") ? "uuid" : (TYPES[type] ?? type);
  return {
    name: nameOf(name, rest),
    type: base + list,
    nullable: optional !== undefined,
    default: /@default\(dbgenerated\("(.*?)"\)\)/.exec(rest)?.[1] ?? null,
  };
}

function nameOf(field: string, rest: string): string {
  return /(?<!\()\s@map\("(\w+)"\)/.exec(rest)?.[1] ?? field;
}
