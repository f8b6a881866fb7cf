// Four operations of the contract as the tutorials of Express and Prisma have them: objects of the
// ORM, one query for a relation, a schema for what comes in; without limits, metrics, logs,
// idempotency or conditional requests. Values of responses equal the twin's, whose packages
// NODE_PACKAGE names.
import cluster from "node:cluster";
import { createHash, createSecretKey, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(process.env.NODE_PACKAGE);
const express = require("express");
const { Ajv } = require("ajv");
const { verify } = require("@node-rs/argon2");
const { PrismaPg } = require("@prisma/adapter-pg");
const { v7 } = await import(require.resolve("uuid"));
const { jwtVerify, SignJWT } = await import(require.resolve("jose"));
const { PrismaClient } = await import(
  join(dirname(process.env.NODE_PACKAGE), "dist/generated/prisma/client.js")
);

const KEY = createSecretKey(process.env.SECRET_KEY, "utf8");
const NAMES = { issuer: "task-timer", audience: "task-timer" };
const LIFETIME = 900;
const FORTNIGHT_MS = 14 * 24 * 3600 * 1000;
const PAGE = 20;

const prisma = new PrismaClient({
  adapter: new PrismaPg({
    connectionString: process.env.DATABASE_URL,
    max: Number(process.env.DATABASE_POOL_SIZE),
  }),
});

const ajv = new Ajv({ useDefaults: true });
const validTask = ajv.compile({
  type: "object",
  required: ["title"],
  properties: {
    title: { type: "string", minLength: 1, maxLength: 200 },
    description: { type: "string", nullable: true },
    status: { enum: ["pending", "in_progress", "completed"], default: "pending" },
    tags: { type: "array", items: { type: "string", minLength: 1, maxLength: 30 }, default: [] },
    due_at: { type: "string", nullable: true },
  },
  additionalProperties: false,
});
const validLogIn = ajv.compile({
  type: "object",
  required: ["email", "password"],
  properties: { email: { type: "string" }, password: { type: "string" } },
});

const app = express();
app.use(express.json());

app.get("/ready", (_request, response) => {
  response.json({ status: "ready" });
});

app.post("/api/v1/auth/login", checked(validLogIn), async (request, response) => {
  const { email, password } = request.body;
  const user = await prisma.user.findUnique({ where: { email: email.toLowerCase() } });
  if (user === null || !(await verify(user.passwordHash, password))) {
    response.status(401).json({ code: "invalid_credentials" });
    return;
  }
  const refreshToken = randomBytes(32).toString("base64url");
  const tokenHash = createHash("sha256").update(refreshToken).digest();
  const session = await prisma.session.create({
    data: {
      id: v7(),
      userId: user.id,
      refreshTokens: {
        create: { id: v7(), tokenHash, expiresAt: new Date(Date.now() + FORTNIGHT_MS) },
      },
    },
  });
  const accessToken = await new SignJWT({ sid: session.id, jti: v7() })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(NAMES.issuer)
    .setAudience(NAMES.audience)
    .setSubject(user.id)
    .setIssuedAt()
    .setExpirationTime(`${LIFETIME}s`)
    .sign(KEY);
  response.json({
    access_token: accessToken,
    token_type: "Bearer",
    expires_in: LIFETIME,
    refresh_token: refreshToken,
  });
});

app.get("/api/v1/tasks", loggedIn, async (request, response) => {
  const tasks = await prisma.task.findMany({
    where: { userId: request.user.id },
    include: { timeEntries: true },
    orderBy: [{ createdAt: "desc" }, { id: "desc" }],
    take: PAGE + 1,
  });
  let cursor = null;
  if (tasks.length > PAGE) {
    const { createdAt, id } = tasks[PAGE - 1];
    const place = JSON.stringify({ sort: "-created_at", value: createdAt, id });
    cursor = Buffer.from(place).toString("base64url");
  }
  response.json({ data: tasks.slice(0, PAGE).map(dump), next_cursor: cursor });
});

app.post("/api/v1/tasks", loggedIn, checked(validTask), async (request, response) => {
  const { title, description, status, tags, due_at } = request.body;
  const dueAt = due_at ? new Date(due_at) : null;
  const task = await prisma.task.create({
    data: { id: v7(), userId: request.user.id, title, description, status, tags, dueAt },
    include: { timeEntries: true },
  });
  response.status(201).location(`/api/v1/tasks/${task.id}`).json(dump(task));
});

app.get("/api/v1/tasks/:id", loggedIn, async (request, response) => {
  const task = await prisma.task.findFirst({
    where: { id: request.params.id, userId: request.user.id },
    include: { timeEntries: true },
  });
  if (task === null) response.status(404).json({ code: "not_found" });
  else response.json(dump(task));
});

async function loggedIn(request, response, next) {
  const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const claims = await jwtVerify(token, KEY, NAMES).catch(() => null);
  const session =
    claims &&
    (await prisma.session.findUnique({
      where: { id: claims.payload.sid },
      include: { user: true },
    }));
  if (!session || session.revokedAt) {
    response.status(401).json({ code: "unauthenticated" });
    return;
  }
  request.user = session.user;
  next();
}

function checked(valid) {
  return (request, response, next) => {
    if (valid(request.body)) next();
    else response.status(400).json({ code: "validation_failed", errors: valid.errors });
  };
}

function dump(task) {
  return {
    id: task.id,
    title: task.title,
    description: task.description,
    status: task.status,
    tags: task.tags,
    due_at: task.dueAt,
    tracked_seconds: task.timeEntries
      .filter((entry) => entry.endTime !== null)
      .reduce((sum, entry) => sum + Number(entry.duration), 0),
    created_at: task.createdAt,
    updated_at: task.updatedAt,
  };
}

if (cluster.isPrimary && Number(process.env.WORKERS) > 1) {
  for (let started = 0; started < Number(process.env.WORKERS); started++) cluster.fork();
} else {
  app.listen(Number(process.env.PORT), process.env.HOST);
}
