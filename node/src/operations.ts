/** The operations of the contract, compiled: the rules of their requests and responses. */

import type { operations } from "./generated/contract.js";
import { type Schema, Validator } from "./utils/json-schema.js";

export type OperationId = keyof operations;

const PLACES = ["path", "query", "header"] as const;
const JSON_TYPE = "application/json";

/** The parameters in one part of a request: their JSON types, rules and defaults. */
export interface Parameters {
  types: Record<string, string>;
  validator: Validator;
}

/** A documented response: the rules, if any, of each media type, and whether it has an ETag. */
export interface DocumentedResponse {
  validators: Map<string, Validator | undefined>;
  hasEtag: boolean;
}

/** An operation of the contract. Names of headers are in lower case. */
export interface Operation {
  id: OperationId;
  method: string;
  path: string;
  secured: boolean;
  role: string | undefined;
  rateLimit: "none" | "general" | "credentials";
  parameters: Record<(typeof PLACES)[number], Parameters>;
  body: Validator | undefined;
  responses: Map<number, DocumentedResponse>;
}

interface RawParameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}

interface RawResponse {
  headers?: Record<string, unknown>;
  content?: Record<string, { schema?: Schema }>;
}

interface RawOperation {
  operationId: OperationId;
  security?: unknown[];
  parameters?: unknown[];
  requestBody?: unknown;
  responses: Record<string, unknown>;
  "x-role"?: string;
  "x-rate-limit"?: Operation["rateLimit"];
}

export interface PathItem {
  parameters?: unknown[];
  [method: string]: unknown;
}

/** The parts of an OpenAPI document that define operations. */
export interface OpenApiDocument {
  info: { title: string };
  paths: Record<string, PathItem>;
  security: unknown[];
  components: { schemas: Schema; headers: { "WWW-Authenticate": { example: string } } };
}

/** Reads the operations of an OpenAPI document. */
export class OperationReader {
  private readonly components: Schema;
  private readonly validators = new Map<string, Validator>();

  constructor(private readonly document: OpenApiDocument) {
    this.components = { schemas: document.components.schemas };
  }

  /** Compiles the operation of a path item for a method in lower case. */
  read(method: string, path: string, item: PathItem): Operation {
    const raw = item[method] as RawOperation;
    const every = [...(item.parameters ?? []), ...(raw.parameters ?? [])];
    const parameters = every.map((parameter) => this.resolve<RawParameter>(parameter));
    return {
      id: raw.operationId,
      method: method.toUpperCase(),
      path,
      secured: (raw.security ?? this.document.security).length > 0,
      role: raw["x-role"],
      rateLimit: raw["x-rate-limit"] ?? "general",
      parameters: {
        path: this.parameters("path", parameters),
        query: this.parameters("query", parameters),
        header: this.parameters("header", parameters),
      },
      body: raw.requestBody === undefined ? undefined : this.body(raw.requestBody),
      responses: new Map(
        Object.entries(raw.responses).map(([status, response]) => [
          Number(status),
          this.response(response),
        ]),
      ),
    };
  }

  /** Compiles a schema that may refer to the components. */
  validator(schema: Schema, place: Validator["place"]): Validator {
    const key = `${place} ${JSON.stringify(schema)}`;
    const validator = this.validators.get(key) ?? new Validator(schema, this.components, place);
    this.validators.set(key, validator);
    return validator;
  }

  private parameters(place: (typeof PLACES)[number], every: RawParameter[]): Parameters {
    const here = every.filter((parameter) => parameter.in === place);
    const nameOf = ({ name }: RawParameter) => (place === "header" ? name.toLowerCase() : name);
    // A missing If-Match has its own code, so no header is required by a schema.
    const required = place === "header" ? [] : here.filter((parameter) => parameter.required);
    const rules = {
      type: "object",
      properties: Object.fromEntries(here.map((one) => [nameOf(one), one.schema])),
      required: required.map(nameOf),
      unevaluatedProperties: false,
    };
    const types = here.map((one) => [nameOf(one), this.resolve<Schema>(one.schema).type]);
    return { types: Object.fromEntries(types), validator: this.validator(rules, place) };
  }

  private body(node: unknown): Validator | undefined {
    const { content } = this.resolve<{ content: Record<string, { schema: Schema }> }>(node);
    const schema = content[JSON_TYPE]?.schema;
    return schema && this.validator(schema, "body");
  }

  private response(node: unknown): DocumentedResponse {
    const { headers = {}, content = {} } = this.resolve<RawResponse>(node);
    const validators = Object.entries(content).map(
      ([type, { schema }]) => [type, schema && this.validator(schema, "response")] as const,
    );
    return { validators: new Map(validators), hasEtag: Object.hasOwn(headers, "ETag") };
  }

  private resolve<T>(node: unknown): T {
    const reference = (node as { $ref?: string }).$ref;
    if (reference === undefined) return node as T;
    const steps = reference.replace(/^#\//, "").split("/");
    const target = steps.reduce<unknown>((at, step) => (at as Schema)[step], this.document);
    return this.resolve(target);
  }
}
