/** Idempotency keys: the response to a request, stored for its retries. */

import { resources } from "../current.js";
import { db, transactional } from "../db.js";
import { IdempotencyKeyReusedError } from "../utils/errors.js";
import { claimIdempotencyKey } from "./statements.js";

/** A stored response. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Returns the response to a request, and whether it is that of an earlier one.
 *
 * `answer` runs in the same transaction, so that a failure leaves no trace of the key.
 * Throws an IdempotencyKeyReusedError if the key belongs to a request with another fingerprint.
 */
export const answerOnce = transactional(
  async (
    userId: string,
    key: string,
    fingerprint: Bytes,
    answer: () => Promise<KeptAnswer>,
  ): Promise<[given: KeptAnswer, replayed: boolean]> => {
    const hours = resources().contract.get("x-limits").idempotency_hours;
    if ((await claimIdempotencyKey(userId, key, fingerprint, hours)) === undefined) {
      return [await replay(userId, key, fingerprint), true];
    }
    const { status, headers, body } = await answer();
    const data = { status, headers, body };
    await db().idempotencyRecord.updateMany({ where: { userId, key }, data });
    return [data, false];
  },
);

async function replay(userId: string, key: string, fingerprint: Bytes): Promise<KeptAnswer> {
  const held = await db().idempotencyRecord.findFirstOrThrow({ where: { userId, key } });
  if (!Buffer.from(held.fingerprint).equals(fingerprint)) throw new IdempotencyKeyReusedError();
  const { status, headers, body } = held;
  return { status: status ?? 0, headers: headers as Record<string, string>, body: body ?? "" };
}
