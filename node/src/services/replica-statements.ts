/** The SQL of positions in the write-ahead log. */

import { rowsOf } from "../db.js";
import { Prisma } from "../generated/prisma/client.js";

/** Positions: where the primary is, and where it was after the user's latest change. */
export interface Needed {
  current: bigint;
  own: bigint;
}

/** Stores the position of the primary as that of the user's latest change. */
export async function storePosition(userId: string): Promise<void> {
  // Of several changes at once the last to be stored is the furthest.
  await rowsOf(Prisma.sql`
    INSERT INTO last_writes (user_id, position)
    SELECT id, pg_current_wal_insert_lsn() - '0/0' FROM users
    WHERE id = ${userId}::uuid FOR KEY SHARE
    ON CONFLICT (user_id) DO UPDATE SET position = pg_current_wal_insert_lsn() - '0/0'`);
}

/** Reads what a replica must have for a user, or for requests without one. */
export async function readNeeded(userId: string | null): Promise<Needed> {
  // A database that was restored elsewhere has positions of another log.
  const [needed] = await rowsOf<Needed>(Prisma.sql`
    SELECT current, least(current, coalesce(
      (SELECT position FROM last_writes WHERE user_id = ${userId}::uuid), 0
    )) AS own
    FROM (
      SELECT CAST(CASE
        WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
        ELSE pg_current_wal_insert_lsn()
      END - '0/0' AS bigint) AS current
    ) AS log`);
  return needed ?? { current: 0n, own: 0n };
}

/** Reads how far a replica is, or null from a server that is none. */
export async function readReplayed(): Promise<bigint | null> {
  const [row] = await rowsOf<{ replayed: bigint | null }>(Prisma.sql`
    SELECT CAST(pg_last_wal_replay_lsn() - '0/0' AS bigint) AS replayed`);
  return row?.replayed ?? null;
}
