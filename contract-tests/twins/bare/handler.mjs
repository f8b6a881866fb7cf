// The least that node:http and pg need to answer with the statements of STATEMENTS.
// STATEMENTS is JSON: [{"sql": text with $1 …, "parameters": [text, null or {"fresh": "uuid"}]}].
// Answers any request with the rows of all statements.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PACKAGE);
const { Pool } = require("pg");
const { v7 } = await import(require.resolve("uuid"));

const statements = JSON.parse(process.env.STATEMENTS);
const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
});

const rowsOf = async () => {
  const client = await pool.connect();
  try {
    const rows = [];
    for (const [index, { sql, parameters }] of statements.entries()) {
      const values = parameters.map((value) => (typeof value === "object" && value ? v7() : value));
      const result = await client.query({ name: `s${index}`, text: sql, values });
      rows.push(...result.rows);
    }
    return rows;
  } finally {
    client.release();
  }
};

createServer(async (request, response) => {
  request.resume();
  const body = JSON.stringify({ data: await rowsOf() });
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}).listen(Number(process.env.PORT), process.env.HOST);
