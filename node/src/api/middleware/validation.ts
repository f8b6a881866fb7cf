/** Validates a request against the schemas of its operation, and applies their defaults. */

import type { Operation } from "../../operations.js";
import { ValidationFailedError, type Violation } from "../../utils/errors.js";
import { parseQuery } from "../../utils/uri.js";
import type { Call } from "../call.js";

const WHOLE = /^(?:0|[1-9][0-9]*)$/;
const BOOLEANS: Record<string, boolean> = { true: true, false: false };

/** Validates path, query, headers and body together. Throws a ValidationFailedError. */
export function check(call: Call): void {
  const { operation } = call;
  if (operation === undefined) return;
  const { header, path, query } = operation.parameters;
  call.given = collect(parseQuery(call.queryString), query.types);
  const filled = { ...call.given };
  call.headers = Object.fromEntries(
    call.fields.filter(([name]) => Object.hasOwn(header.types, name)),
  );
  const violations = [
    ...bodyViolations(call, operation),
    ...header.validator.violations(call.headers),
    ...path.validator.violations(call.pathValues),
    ...query.validator.violations(filled),
  ];
  if (violations.length > 0) throw new ValidationFailedError(violations);
  call.query = filled as never;
}

function bodyViolations(call: Call, { body }: Operation): Violation[] {
  if (body === undefined) return [];
  if (call.data.length === 0) return [{ place: "body", pointer: "", rule: "required" }];
  return body.violations(call.body);
}

/** Collects the parameters by name; a repeated one becomes a list. */
function collect(
  pairs: [name: string, value: string][],
  types: Record<string, string>,
): Record<string, unknown> {
  const values = new Map<string, unknown[]>();
  for (const [name, text] of pairs) {
    const every = values.get(name) ?? [];
    every.push(typed(text, types[name]));
    values.set(name, every);
  }
  const given = [...values].map(([name, every]) => [name, every.length > 1 ? every : every[0]]);
  return Object.fromEntries(given);
}

function typed(text: string, type: string | undefined): unknown {
  if (type === "boolean") return BOOLEANS[text] ?? text;
  // Beyond the exact range, and beyond every maximum, the value makes no difference.
  if (type === "integer" && WHOLE.test(text)) return Math.min(Number(text), 2 ** 53);
  return text;
}
