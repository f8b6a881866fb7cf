/** JSON Schema 2020-12 validation. */

import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Violation } from "./errors.js";

export type Schema = Record<string, unknown>;

const MAX_VIOLATIONS = 1000;
const ANNOTATIONS = ["components", "example", "x-generated"];

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
    this.compiled = ajv.compile({ ...schema, components });
  }

  /**
   * Lists the violations of a value, sorted, once for each place and rule, at most 1000.
   *
   * Missing properties get their defaults.
   */
  violations(value: unknown): Violation[] {
    if (this.compiled(value)) return [];
    const found = new Map(
      (this.compiled.errors ?? []).map((error) => [
        `${error.instancePath} ${error.keyword}`,
        error,
      ]),
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

function hasBelow(found: Map<string, ErrorObject>, pointer: string): boolean {
  return [...found.values()].some((error) => error.instancePath.startsWith(`${pointer}/`));
}
