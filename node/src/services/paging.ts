/** Keyset pagination of lists. */

import { resources } from "../current.js";
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
  /** The name of the column's field, and what its values are. */
  column: string;
  type: "time" | "text";
  nullable?: boolean;
}

type Key = Date | string | null;
type Direction = "asc" | "desc";

/** The arguments of a query that fetch one page. */
export interface Window {
  where: object;
  orderBy: Record<string, Direction | { sort: Direction; nulls: "last" }>[];
  take: number;
}

/** Fetches the page that starts at a cursor. Throws an InvalidCursorError. */
export async function takePage<T extends { id: string }>(
  order: Order,
  limit: number,
  cursor: string | undefined,
  fetch: (window: Window) => Promise<T[]>,
): Promise<Page<T>> {
  const where = cursor === undefined ? {} : after(order, read(order, cursor));
  const rows = await fetch({ where, orderBy: ordering(order), take: limit + 1 });
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
function directionOf({ sort }: Order): Direction {
  return sort.startsWith("-") ? "desc" : "asc";
}

function ordering(order: Order): Window["orderBy"] {
  const sort = directionOf(order);
  return [{ [order.column]: order.nullable ? { sort, nulls: "last" } : sort }, { id: sort }];
}

function after(order: Order, cursor: Cursor): object {
  const { column, nullable } = order;
  const beyond = directionOf(order) === "asc" ? "gt" : "lt";
  const value = keyOf(order, cursor);
  const tied = { [column]: value, id: { [beyond]: cursor.id } };
  if (value === null) return tied;
  const further = [{ [column]: { [beyond]: value } }, tied];
  return { OR: nullable ? [...further, { [column]: null }] : further };
}

function keyOf({ type, nullable }: Order, { value }: Cursor): Key {
  if (value === null && nullable) return null;
  const read = value === null ? undefined : readValue(type, value);
  if (read === undefined) throw new InvalidCursorError();
  return read;
}

function readValue(type: Order["type"], value: string): Key | undefined {
  if (type === "time") return parseTimestamp(value);
  return [...value].length > MAX_TEXT || value.includes("\0") ? undefined : value;
}

function cursorOf<T extends { id: string }>({ sort, column }: Order, row: T): Cursor {
  const value = row[column as keyof T] as Key;
  return { sort, value: value instanceof Date ? formatInstant(value) : value, id: row.id };
}
