// A user's connection to the proxy: HTTP/2, as in browsers.
//
// When the proxy loads a new configuration it closes connections, and reports which requests it has
// not processed (GOAWAY): they are resent (RFC 9113, section 8.7), and counted. Over HTTP/1.1 it would
// close idle connections without notice, and the outcome of a request in flight would be unknown.

import { connect, constants } from "node:http2";
import { connect as connectSocket } from "node:net";

const PATIENCE_MS = 60_000;
const MOST_ATTEMPTS = 3;

/** The proxy has not processed a request. */
class Refused extends Error {}

/** Sends one request at a time, on a new connection once the proxy closes the old one. */
export class Connection {
  /** localAddress: the user's IP address, by which the proxy and the servers identify users. */
  constructor(address, localAddress) {
    this.address = new URL(address);
    this.localAddress = localAddress;
    this.session = undefined;
    // How often the proxy has not processed a request.
    this.refused = 0;
  }

  /** Returns status, headers and body of the response. Throws if there is none. */
  async send(headers, body) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#exchange(headers, body);
      } catch (error) {
        if (!(error instanceof Refused) || attempt === MOST_ATTEMPTS) throw error;
        this.refused += 1;
      }
    }
  }

  #exchange(headers, body) {
    return new Promise((resolve, reject) => {
      const stream = this.#open().request(headers, { endStream: body === undefined });
      const deadline = setTimeout(() => reject(new Error("no response in time")), PATIENCE_MS);
      const parts = [];
      let received;
      stream.on("response", (fields) => {
        received = fields;
      });
      stream.on("data", (part) => parts.push(part));
      stream.on("error", (error) => {
        const { NGHTTP2_REFUSED_STREAM } = constants;
        reject(stream.rstCode === NGHTTP2_REFUSED_STREAM ? new Refused(error.message) : error);
      });
      stream.on("close", () => {
        clearTimeout(deadline);
        if (received === undefined || stream.rstCode !== 0) {
          reject(new Error(`ended without a response, code ${stream.rstCode}`));
        }
        resolve({
          status: received?.[":status"],
          headers: received,
          body: Buffer.concat(parts).toString(),
        });
      });
      if (body !== undefined) stream.end(body);
    });
  }

  close() {
    this.session?.close();
  }

  #open() {
    if (this.session === undefined || this.session.closed || this.session.destroyed) {
      const { hostname: host, port } = this.address;
      const createConnection = () =>
        connectSocket({ host, port: Number(port), localAddress: this.localAddress });
      this.session = connect(this.address, { createConnection });
      // Its requests fail with the error, and report it.
      this.session.on("error", () => {});
    }
    return this.session;
  }
}
