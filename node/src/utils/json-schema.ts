/** JSON Schema 2020-12 validation. */

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Violation } from "./errors.js";

export type Schema = Record<string, unknown>;

const MAX_VIOLATIONS = 1000;
const ANNOTATIONS = ["components", "example", "x-generated"];
const BOUNDS = ["maxLength", "maxItems", "maxProperties"];
/** What looks at each character, item or property. */
const WITHIN_BOUNDS = [
  "pattern",
  "items",
  "prefixItems",
  "contains",
  "uniqueItems",
  "properties",
  "patternProperties",
  "additionalProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const VALUES = ["enum", "const", "default", "example", "examples"];

// Formats add nothing to the patterns and bounds here.
const ajv = new Ajv2020({
  allErrors: true,
  useDefaults: true,
  validateFormats: false,
  allowUnionTypes: true,
  keywords: ANNOTATIONS,
});

/** A compiled schema. `place` is the part of a request that it validates. */
export class Validator {
  private readonly compiled: ValidateFunction;

  constructor(
    schema: Schema,
    components: unknown,
    readonly place: Violation["place"],
  ) {
    this.compiled = ajv.compile(boundsFirst({ ...schema, components }) as Schema);
  }

  /**
   * Lists the violations of a value, sorted, once for each place and rule, at most 1000.
   *
   * Missing properties get their defaults.
   */
  violations(value: unknown): Violation[] {
    if (this.compiled(value)) return [];
    const found = new Map(
      (this.compiled.errors ?? [])
        // What fails inside has its own error.
        .filter((error) => error.keyword !== "if")
        .map((error) => [`${error.instancePath} ${error.keyword}`, error]),
    );
    return [...found.values()]
      .filter((error) => error.keyword !== "uniqueItems" || !hasBelow(found, error.instancePath))
      .map(({ instancePath: pointer, keyword: rule }) => ({ place: this.place, pointer, rule }))
      .sort(compareViolations)
      .slice(0, MAX_VIOLATIONS);
  }
}

/** Orders by place, pointer and rule, code point by code point. */
export function compareViolations(a: Violation, b: Violation): number {
  return compare(a.place, b.place) || compare(a.pointer, b.pointer) || compare(a.rule, b.rule);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * Gives a schema that looks into nothing that is too large: of that no more is to be said.
 *
 * Else what a value costs grows with its size, not with what the contract allows it.
 */
function boundsFirst(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(boundsFirst);
  if (typeof schema !== "object" || schema === null) return schema;
  const rules = Object.entries(schema).map(
    ([name, rule]) => [name, VALUES.includes(name) ? rule : boundsFirst(rule)] as const,
  );
  const bounds = rules.filter(([name, rule]) => BOUNDS.includes(name) && typeof rule === "number");
  const isWithin = ([name]: readonly [string, unknown]) =>
    bounds.length > 0 && WITHIN_BOUNDS.includes(name);
  const within = rules.filter(isWithin);
  const others = rules.filter((rule) => !isWithin(rule));
  if (within.length > 0) {
    others.push(["if", Object.fromEntries(bounds)], ["then", Object.fromEntries(within)]);
  }
  return Object.fromEntries(others);
}

function hasBelow(found: Map<string, ErrorObject>, pointer: string): boolean {
  return [...found.values()].some((error) => error.instancePath.startsWith(`${pointer}/`));
}
