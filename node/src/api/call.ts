/** The request being handled. */

import type { IncomingMessage } from "node:http";
import type { operations } from "../generated/contract.js";
import type { Operation, OperationId } from "../operations.js";
import type { Resources } from "../resources.js";
import type { Identity } from "../services/auth-service.js";
import type { RequestContext } from "../utils/context.js";

/** Query parameters that have a default, and so always a value. */
type Defaulted = "limit" | "sort" | "group_by" | "tz" | "on_conflict";
type Filled<Q> = Q & { [K in Extract<keyof Q, Defaulted>]-?: Exclude<Q[K], undefined> };

type PathValues<Id extends OperationId> = NonNullable<operations[Id]["parameters"]["path"]>;
type Query<Id extends OperationId> = Filled<NonNullable<operations[Id]["parameters"]["query"]>>;
type Body<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: { "application/json": infer B } };
}
  ? B
  : undefined;

/**
 * A request as far as it has been processed; the checks fill it in, in their order.
 *
 * port: the one that the request came to. fields: header fields as received, with names in lower case. routePath: the path in the one
 * spelling that is looked up; `%2F` stays within its segment. pathValues, query, headers and body:
 * validated against the contract, with its defaults; given: the query without defaults. closes:
 * whether the response closes the connection; refusal: why, if the message itself is malformed.
 */
export class Call<Id extends OperationId = OperationId> {
  readonly started = performance.now();
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly peer: string;
  readonly port: number;
  readonly fields: [name: string, value: string][];
  path = "";
  routePath = "";
  queryString = "";
  operation: Operation | undefined;
  caller: Identity | undefined;
  data: Buffer = Buffer.alloc(0);
  given: Record<string, unknown> = {};
  pathValues = {} as PathValues<Id>;
  query = {} as Query<Id>;
  headers: Record<string, string> = {};
  body = undefined as Body<Id>;
  closes = false;
  refusal: string | undefined;

  constructor(
    readonly resources: Resources,
    readonly context: RequestContext,
    readonly request: IncomingMessage,
    target: string,
  ) {
    this.method = request.method ?? "";
    this.target = target;
    this.protocol = `HTTP/${request.httpVersion}`;
    this.peer = request.socket.remoteAddress ?? "";
    this.port = request.socket.localPort ?? 0;
    this.fields = pairs(request.rawHeaders);
  }

  /** The authenticated user and session; only if the operation requires authentication. */
  get identity(): Identity {
    if (this.caller === undefined) throw new Error("the operation is public");
    return this.caller;
  }

  /** The ID of the authenticated user. */
  get userId(): string {
    return this.identity.user.id;
  }

  /** The operationId, or `unknown` if the request matches none. */
  get operationName(): string {
    return this.operation?.id ?? "unknown";
  }

  /** Returns the path of an operation with its parameters filled in. */
  pathOf(operationId: OperationId, values: Record<string, string> = {}): string {
    return this.resources.contract.pathOf(operationId, values);
  }

  /** Lists the values of a header as received; its name is in lower case. */
  fieldValues(name: string): string[] {
    return this.fields.filter(([found]) => found === name).map(([, value]) => value);
  }

  /** Returns the only value of a header, or undefined if it is missing or repeated. */
  fieldValue(name: string): string | undefined {
    const values = this.fieldValues(name);
    return values.length === 1 ? values[0] : undefined;
  }
}

function pairs(rawHeaders: string[]): [string, string][] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return names.map((name, index) => [name.toLowerCase(), rawHeaders[index * 2 + 1] ?? ""]);
}
