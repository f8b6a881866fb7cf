/** How much of each table is read, according to the statistics of the database. */

import pg from "pg";
import type { Settings } from "../src/config.js";
import type { Contract } from "../src/contract.js";
import { using } from "../src/current.js";
import { makeResources } from "../src/resources.js";
import { waitUntil } from "./servers.js";

const COUNTED = `
  SELECT relname AS "table", seq_scan::int AS "sequentialScans",
    (heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::int AS blocks
  FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid, relname)`;
const OTHERS = `
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'walsender'`;

/** The number of sequential scans of a table, and of blocks read of it and its indexes. */
export interface Reads {
  sequentialScans: number;
  blocks: number;
}

/** Runs a service function in a separate database, and returns what it reads by table. */
export async function reads(
  settings: Settings,
  contract: Contract,
  work: () => Promise<unknown>,
): Promise<Record<string, Reads>> {
  const before = await counted(settings.databaseUrl);
  const resources = await makeResources(settings, contract);
  await using(resources, work);
  await resources.database.disconnect();
  const after = await counted(settings.databaseUrl);
  const differences = [...after].map(([table, { sequentialScans, blocks }]) => {
    const earlier = before.get(table) ?? { sequentialScans: 0, blocks: 0 };
    const difference = {
      sequentialScans: sequentialScans - earlier.sequentialScans,
      blocks: blocks - earlier.blocks,
    };
    return [table, difference];
  });
  return Object.fromEntries(differences);
}

/** Returns the rows of the last query that `use` sends, on a connection of its own. */
export async function queried<Row>(
  databaseUrl: string,
  use: (client: pg.Client) => Promise<{ rows: Row[] }>,
): Promise<Row[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return (await use(client)).rows;
  } finally {
    await client.end();
  }
}

async function counted(databaseUrl: string): Promise<Map<string, Reads>> {
  const rows = await queried(databaseUrl, async (client) => {
    // A connection reports its statistics when it ends.
    await waitUntil(async () => (await client.query(OTHERS)).rowCount === 0);
    return client.query<Reads & { table: string }>(COUNTED);
  });
  return new Map(rows.map(({ table, ...read }) => [table, read]));
}
