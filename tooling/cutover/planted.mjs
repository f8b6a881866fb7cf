// Plants a fault in the Node twin: one API request in so many is answered 500.
//
// node --import ./planted.mjs dist/main.js, with PLANTED=kind:every:first
//   reads    counts requests that read
//   writes   counts requests that write, which a shadow never sees
//   later    counts all requests from the first write on, which comes with the first users
// first: which of them fails first. The fault never touches what is stored.
import { Server } from "node:http";

const [kind, every, first] = process.env.PLANTED.split(":");
const READS = new Set(["GET", "HEAD"]);
let counted = 0;
let hasBegun = kind !== "later";

const { emit } = Server.prototype;
Server.prototype.emit = function emitOrFail(event, request, response, ...more) {
  if (event === "request" && fails(request)) {
    request.resume();
    response.writeHead(500, {
      "content-type": "application/problem+json",
      "x-request-id": request.headers["x-request-id"] ?? "none",
    });
    response.end(
      JSON.stringify({ type: "about:blank", title: "Internal Server Error", status: 500 }),
    );
    return true;
  }
  return emit.call(this, event, request, response, ...more);
};

function fails({ method, url }) {
  // Users register before the load begins.
  if (!url.startsWith("/api/") || url.startsWith("/api/v1/auth/")) return false;
  const reads = READS.has(method);
  if (!reads) hasBegun = true;
  if (!hasBegun || (kind === "reads" && !reads) || (kind === "writes" && reads)) return false;
  counted += 1;
  return counted >= Number(first) && (counted - Number(first)) % Number(every) === 0;
}
