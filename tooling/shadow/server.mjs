// A service that costs next to nothing, so that what is measured is the proxy before it.
// Prints its port. /tasks/{id} and /tasks?limit=&after= as in api.yaml.
import { createServer } from "node:http";

const TASKS = Array.from({ length: 1000 }, (_, at) => ({
  id: at + 1,
  title: `Task number ${at + 1}, with a title of some length as people write them`,
  state: at % 3 === 0 ? "done" : "open",
  tags: ["home", "garden", "work"].slice(0, at % 4),
  estimate: at % 5 === 0 ? null : at * 60,
  created_at: new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString(),
}));

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const id = /^\/tasks\/(\d+)$/.exec(url.pathname)?.[1];
  const found = id === undefined ? list(url.searchParams) : TASKS[Number(id) - 1];
  const known = found !== undefined && (id !== undefined || url.pathname === "/tasks");
  const body = JSON.stringify(known ? found : { error: "not found" });
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  response.writeHead(known ? 200 : 404, headers).end(body);
});

function list(query) {
  const after = Number(query.get("after") ?? 0);
  return { tasks: TASKS.slice(after, after + Number(query.get("limit") ?? 20)) };
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
