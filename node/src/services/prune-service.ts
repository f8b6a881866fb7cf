/**
 * Deletes expired rows that no request can use any more, a batch in each transaction.
 *
 * A batch skips rows that are locked, so it waits for no request and for no other run.
 */

import { transactional } from "../db.js";
import * as statements from "./statements.js";

const BATCH_ROWS = 500;

/** The number of rows deleted, by table. */
export type Counts = Record<string, number>;

/** Deletes expired rows; returns the number of rows by table. */
export async function deleteExpired(idempotencyHours: number): Promise<Counts> {
  const counts = { refresh_tokens: 0, sessions: 0, idempotency_records: 0, rate_limits: 0 };
  for (const deleteBatch of [
    deleteExpiredTokens,
    deleteRevokedSessions,
    () => deleteIdempotencyRecords(idempotencyHours),
    deleteRateLimits,
  ]) {
    await repeat(deleteBatch, counts);
  }
  return counts;
}

async function repeat(deleteBatch: () => Promise<Counts>, counts: Counts): Promise<void> {
  let deleted = await deleteBatch();
  while (Object.values(deleted).some((number) => number > 0)) {
    for (const [table, number] of Object.entries(deleted)) {
      counts[table] = (counts[table] ?? 0) + number;
    }
    deleted = await deleteBatch();
  }
}

const deleteExpiredTokens = transactional(async (): Promise<Counts> => {
  const tokens = await statements.deleteExpiredTokens(BATCH_ROWS);
  const sessions = await statements.deleteSessionsWithoutTokens(idsOf(tokens));
  return { refresh_tokens: tokens.length, sessions };
});

const deleteRevokedSessions = transactional(async (): Promise<Counts> => {
  const sessionIds = idsOf(await statements.lockRevokedSessions(BATCH_ROWS));
  const tokens = await statements.deleteTokensOfSessions(sessionIds, BATCH_ROWS);
  const sessions = await statements.deleteSessionsWithoutTokens(sessionIds);
  return { refresh_tokens: tokens, sessions };
});

const deleteIdempotencyRecords = transactional(
  async (hours: number): Promise<Counts> => ({
    idempotency_records: await statements.deleteIdempotencyRecords(hours, BATCH_ROWS),
  }),
);

const deleteRateLimits = transactional(
  async (): Promise<Counts> => ({ rate_limits: await statements.deleteRateLimits(BATCH_ROWS) }),
);

function idsOf(rows: { sessionId: string }[]): string[] {
  return rows.map(({ sessionId }) => sessionId);
}
