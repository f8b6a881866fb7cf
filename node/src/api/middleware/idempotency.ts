/** Makes requests that create resources safe to retry. */

import { createHash } from "node:crypto";
import type { OperationId } from "../../operations.js";
import { answerOnce, type KeptAnswer } from "../../services/idempotency-service.js";
import { type Answer, type Handler, JSON_TYPE } from "../answers.js";
import type { Call } from "../call.js";

const KEPT_HEADERS = ["Location", "ETag"];

/**
 * Wraps a handler: a retry with the same Idempotency-Key gets the original response.
 *
 * It throws an IdempotencyKeyReusedError.
 */
export function idempotent<Id extends OperationId>(handler: Handler<Id>): Handler<Id> {
  return async (call) => {
    const key = call.headers["idempotency-key"];
    if (key === undefined) return handler(call);
    const [given, replayed] = await answerOnce(call.userId, key, fingerprint(call), async () =>
      keep(await handler(call)),
    );
    const headers = {
      ...given.headers,
      "Content-Type": JSON_TYPE,
      ...(replayed && { "Idempotency-Replayed": "true" }),
    };
    return { status: given.status, headers, body: Buffer.from(given.body) };
  };
}

function fingerprint<Id extends OperationId>(call: Call<Id>): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256").update(`${call.method} ${call.target}\n`).update(call.data);
  return new Uint8Array(hash.digest());
}

function keep({ status, headers, body }: Answer): KeptAnswer {
  const kept = KEPT_HEADERS.map((name) => [name, headers[name] ?? ""]);
  return { status, headers: Object.fromEntries(kept), body: body?.toString() ?? "" };
}
