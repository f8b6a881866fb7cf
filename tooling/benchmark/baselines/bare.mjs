// Handwritten handlers for four operations of the contract: pg, without framework or ORM.
// Nothing is validated, logged, counted or limited. Tokens, rows and response bytes equal the twin's,
// whose packages NODE_PACKAGE names.
import cluster from "node:cluster";
import { createHash, createSecretKey, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PACKAGE);
const { Pool } = require("pg");
const { verify } = require("@node-rs/argon2");
const { v7 } = await import(require.resolve("uuid"));
const { jwtVerify, SignJWT } = await import(require.resolve("jose"));

const KEY = createSecretKey(process.env.SECRET_KEY, "utf8");
const NAMES = { issuer: "task-timer", audience: "task-timer" };
const LIFETIME = 900;
const PAGE = 20;
const TASK_PATH = /^\/api\/v1\/tasks\/([0-9a-f-]{36})$/;

const TASK = "id, title, description, status, tags, due_at";
const TIMES = "created_at, updated_at";
const TRACKED = `coalesce((SELECT sum(duration) FROM time_entries
  WHERE task_id = tasks.id AND end_time IS NOT NULL), 0)::int AS tracked_seconds`;
const SQL = {
  caller: `SELECT users.id FROM users JOIN sessions ON sessions.user_id = users.id
    WHERE users.id = $1::uuid AND sessions.id = $2::uuid AND sessions.revoked_at IS NULL`,
  get: `SELECT ${TASK}, ${TRACKED}, ${TIMES} FROM tasks WHERE id = $1::uuid AND user_id = $2::uuid`,
  list: `SELECT ${TASK}, ${TRACKED}, ${TIMES} FROM tasks WHERE user_id = $1::uuid
    ORDER BY created_at DESC, id DESC LIMIT ${PAGE + 1}`,
  create: `INSERT INTO tasks (id, user_id, title, description, status, tags, due_at)
    VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::text[], $7::timestamptz)
    RETURNING ${TASK}, 0 AS tracked_seconds, ${TIMES}`,
  user: "SELECT id, password_hash FROM users WHERE email = $1",
  open: "INSERT INTO sessions (id, user_id) VALUES ($1::uuid, $2::uuid)",
  issue: `INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at)
    VALUES ($1::uuid, $2::uuid, $3, now() + interval '14 days')`,
};

const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE),
  options: "-c timezone=UTC",
});

// Clients that disconnect early are ignored.
const server = createServer((request, response) => {
  respond(request, response).catch(() => response.destroy());
});

async function respond(request, response) {
  const [status, headers, value] = await answer(request);
  const body = Buffer.from(JSON.stringify(value));
  if (status !== 404) {
    headers.ETag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  }
  const described = { "Content-Type": "application/json", "Content-Length": body.length };
  response.writeHead(status, { ...described, ...headers });
  response.end(body);
}

if (cluster.isPrimary && Number(process.env.WORKERS) > 1) {
  for (let started = 0; started < Number(process.env.WORKERS); started++) cluster.fork();
} else {
  server.listen(Number(process.env.PORT), process.env.HOST);
}

async function answer(request) {
  const path = request.url;
  if (path === "/api/v1/tasks") {
    return request.method === "GET" ? listTasks(request) : createTask(request);
  }
  const found = TASK_PATH.exec(path);
  if (found) return getTask(request, found[1]);
  if (path === "/api/v1/auth/login") return logIn(request);
  return path === "/ready" ? [200, {}, { status: "ready" }] : [404, {}, null];
}

async function getTask(request, taskId) {
  const [task] = await rows("get", [taskId, await caller(request)]);
  return [200, {}, task];
}

async function listTasks(request) {
  const found = await rows("list", [await caller(request)]);
  if (found.length <= PAGE) return [200, {}, { data: found, next_cursor: null }];
  const { created_at: value, id } = found[PAGE - 1];
  const cursor = Buffer.from(JSON.stringify({ sort: "-created_at", value, id })).toString(
    "base64url",
  );
  const link = `</api/v1/tasks?cursor=${cursor}>; rel="next"`;
  return [200, { Link: link }, { data: found.slice(0, PAGE), next_cursor: cursor }];
}

async function createTask(request) {
  const owner = await caller(request);
  const { title, description, status = "pending", tags = [], due_at } = await read(request);
  const [task] = await rows("create", [v7(), owner, title, description, status, tags, due_at]);
  return [201, { Location: `/api/v1/tasks/${task.id}` }, task];
}

async function logIn(request) {
  const { email, password } = await read(request);
  const [user] = await rows("user", [email.toLowerCase()]);
  if (!(await verify(user.password_hash, password))) throw new Error("wrong password");
  const [sid, refresh_token] = [v7(), randomBytes(32).toString("base64url")];
  const digest = createHash("sha256").update(refresh_token).digest();
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query({ name: "open", text: SQL.open, values: [sid, user.id] });
  await client.query({ name: "issue", text: SQL.issue, values: [v7(), sid, digest] });
  await client.query("COMMIT");
  client.release();
  const access_token = await new SignJWT({ sid, jti: v7() })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(NAMES.issuer)
    .setAudience(NAMES.audience)
    .setSubject(user.id)
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME}s`)
    .sign(KEY);
  return [200, {}, { access_token, token_type: "Bearer", expires_in: LIFETIME, refresh_token }];
}

async function caller(request) {
  const token = request.headers.authorization.slice("Bearer ".length);
  const { payload } = await jwtVerify(token, KEY, NAMES);
  const [user] = await rows("caller", [payload.sub, payload.sid]);
  return user.id;
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks));
}

async function rows(name, values) {
  return (await pool.query({ name, text: SQL[name], values })).rows;
}
