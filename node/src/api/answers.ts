/** The responses that handlers return. */

import type { operations } from "../generated/contract.js";
import type { OperationId } from "../operations.js";
import type { Page } from "../services/paging.js";
import { makeEtag } from "../utils/etag.js";
import { dumpJson } from "../utils/json-text.js";
import { encode } from "../utils/uri.js";
import type { Call } from "./call.js";

export const JSON_TYPE = "application/json";

/** A response that has not been sent yet. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

/** A body that stays as it is, with its entity tag. */
export interface StaticFile {
  body: Buffer;
  mediaType: string;
  etag: string;
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Answer> | Answer;
export type Handlers<Id extends OperationId = OperationId> = { [K in Id]: Handler<K> };

/** The JSON that the contract wants in an answer with this status, or bytes of another type. */
type Content<Id extends OperationId, Status extends number> = operations[Id]["responses"] extends {
  [S in Status]: { content: infer C };
}
  ? C extends { "application/json": infer Body }
    ? Body | Buffer
    : Buffer
  : never;

type Items<Id extends OperationId> =
  Content<Id, 200> extends infer C ? (C extends { data: (infer Item)[] } ? Item : never) : never;

/** Responds 200 with a body: bytes as they are, anything else as JSON. */
export function ok<Id extends OperationId>(
  call: Call<Id>,
  body: Content<Id, 200>,
  mediaType = JSON_TYPE,
): Answer {
  return answer(call, 200, body, mediaType);
}

/** Computes the entity tag of a body once, not for each request. */
export function staticFile(body: Buffer, mediaType: string): StaticFile {
  return { body, mediaType, etag: makeEtag(body) };
}

/** Responds 200 with a body that stays as it is. */
export function okStatic({ body, mediaType, etag }: StaticFile): Answer {
  return { status: 200, headers: { "Content-Type": mediaType, ETag: etag }, body };
}

/** Responds 200 with a page of a list, and a link to the next one (RFC 8288). */
export function okPage<Id extends OperationId, T>(
  call: Call<Id>,
  page: Page<T>,
  dump: (item: T) => Items<Id>,
): Answer {
  const body = { data: page.data.map(dump), next_cursor: page.nextCursor };
  const response = answer(call, 200, body, JSON_TYPE);
  if (page.nextCursor !== null) {
    response.headers.Link = `<${nextTarget(call, page.nextCursor)}>; rel="next"`;
  }
  return response;
}

/** Responds 201 with the created resource, and its path in Location. */
export function created<Id extends OperationId>(
  call: Call<Id>,
  body: Content<Id, 201>,
  location: string,
): Answer {
  const response = answer(call, 201, body, JSON_TYPE);
  response.headers.Location = location;
  return response;
}

/** Responds 308, a permanent redirect to another path. */
export function moved(location: string): Answer {
  return { status: 308, headers: { Location: location }, body: Buffer.alloc(0) };
}

/** Responds 204, without a body. */
export function noContent(): Answer {
  return { status: 204, headers: {}, body: undefined };
}

function answer<Id extends OperationId>(
  call: Call<Id>,
  status: number,
  body: unknown,
  mediaType: string,
): Answer {
  const data = Buffer.isBuffer(body) ? body : dumpJson(body);
  const headers: Record<string, string> = { "Content-Type": mediaType };
  if (call.operation?.responses.get(status)?.hasEtag) headers.ETag = makeEtag(data);
  return { status, headers, body: data };
}

function nextTarget<Id extends OperationId>(call: Call<Id>, cursor: string): string {
  const { operation } = call;
  if (operation === undefined) throw new Error("only operations have pages");
  const given: Record<string, unknown> = { ...call.given, cursor };
  const order = Object.keys(operation.parameters.query.types);
  const named = order.filter((name) => given[name] !== undefined);
  const query = named.map((name) => `${name}=${encode(String(given[name]))}`).join("&");
  return `${call.pathOf(operation.id, call.pathValues)}?${query}`;
}
