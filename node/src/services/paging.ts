/** Keyset pagination of lists. */

import { resources } from "../current.js";
import { Prisma } from "../generated/prisma/client.js";
import { type Cursor, decodeCursor, encodeCursor } from "../utils/cursor.js";
import { InvalidCursorError } from "../utils/errors.js";
import { formatInstant, parseTimestamp } from "../utils/instants.js";

const MAX_TEXT = 200;
const ID = { $ref: "#/components/schemas/Id" };

/** The items of a page, and the cursor of the next one, if there is one. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

/** A sort order, by a column and then by id. `sort` is its name on the wire. */
export interface Order {
  sort: string;
  /** The column, the name of its field, and what its values are. */
  column: string;
  field: string;
  type: "time" | "text";
  nullable?: boolean;
}

/**
 * Where a page begins and what its order is, in SQL.
 *
 * parts: the conditions of ranges of an index, of which one follows the other; outer: the order of
 * all of them, by the names of fields.
 */
export interface Window {
  parts: Prisma.Sql[];
  inner: Prisma.Sql;
  outer: Prisma.Sql;
  rows: number;
}

/** Fetches the page that starts at a cursor. Throws an InvalidCursorError. */
export async function takePage<T extends { id: string }>(
  order: Order,
  limit: number,
  cursor: string | undefined,
  fetch: (window: Window) => Promise<T[]>,
): Promise<Page<T>> {
  const parts = partsOf(order, cursor === undefined ? undefined : read(order, cursor));
  const rows = await fetch({ parts, ...ordering(order), rows: limit + 1 });
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { data: rows, nextCursor: null };
  return { data: rows.slice(0, limit), nextCursor: encodeCursor(cursorOf(order, last)) };
}

function read(order: Order, text: string): Cursor {
  const cursor = decodeCursor(text, order.sort);
  const ids = resources().contract.reader.validator(ID, "body");
  if (ids.violations(cursor.id).length > 0) throw new InvalidCursorError();
  return cursor;
}

/** Whether the order is descending; null comes last in either direction. */
function directionOf({ sort }: Order): Prisma.Sql {
  return sort.startsWith("-") ? Prisma.sql`DESC` : Prisma.sql`ASC`;
}

function ordering(order: Order): Pick<Window, "inner" | "outer"> {
  const direction = directionOf(order);
  const column = Prisma.raw(order.column);
  const field = Prisma.raw(`"${order.field}"`);
  return {
    inner: Prisma.sql`${column} ${direction}, id ${direction}`,
    outer: Prisma.sql`${field} ${direction} NULLS LAST, id ${direction}`,
  };
}

// A list that may lack the value is read in two parts, for no index has nulls last in both
// directions, nor a range that a row comparison begins and nulls end.
function partsOf(order: Order, cursor: Cursor | undefined): Prisma.Sql[] {
  const column = Prisma.raw(order.column);
  const beyond = Prisma.raw(order.sort.startsWith("-") ? "<" : ">");
  const nulls = Prisma.sql`${column} IS NULL`;
  if (cursor === undefined) {
    return order.nullable ? [Prisma.sql`${column} IS NOT NULL`, nulls] : [Prisma.sql`true`];
  }
  const id = Prisma.sql`${cursor.id}::uuid`;
  const key = keyOf(order, cursor);
  if (key === null) return [Prisma.sql`${nulls} AND id ${beyond} ${id}`];
  const here = Prisma.sql`(${column}, id) ${beyond} (${key}, ${id})`;
  return order.nullable ? [here, nulls] : [here];
}

function keyOf({ type, nullable }: Order, { value }: Cursor): Prisma.Sql | null {
  if (value === null && nullable) return null;
  const read = value === null ? undefined : readValue(type, value);
  if (read === undefined) throw new InvalidCursorError();
  return read;
}

function readValue(type: Order["type"], value: string): Prisma.Sql | undefined {
  if (type === "time") {
    return parseTimestamp(value) && Prisma.sql`${value}::timestamptz`;
  }
  const isTitle = [...value].length <= MAX_TEXT && !value.includes("\0");
  return isTitle ? Prisma.sql`${value}` : undefined;
}

function cursorOf<T extends { id: string }>({ sort, field }: Order, row: T): Cursor {
  const value = row[field as keyof T] as Date | string | null;
  return { sort, value: value instanceof Date ? formatInstant(value) : value, id: row.id };
}
