/** Enforces the rate limits. */

import { isIP } from "node:net";
import * as rateLimitService from "../../services/rate-limit-service.js";
import type { Call } from "../call.js";

/** What the libraries of both runtimes would take beyond this they do not agree on. */
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}$/;

/**
 * The third check: the rate limits of the client.
 *
 * Counts the request against the limit of its operation. Throws a RateLimitedError.
 */
export async function check(call: Call): Promise<void> {
  const { operation, resources } = call;
  if (operation === undefined || operation.rateLimit === "none") return;
  const address = clientAddress(call, resources.settings.trustedProxyHops);
  const client = rateLimitService.clientOf(address);
  call.context.client = client;
  if (operation.rateLimit === "credentials") {
    await rateLimitService.countCredentials(client, operation.id);
  } else {
    rateLimitService.countGeneral(client);
  }
}

/**
 * Returns the address of the client, behind as many trusted proxies as there are hops.
 *
 * Each of them appends the address of its peer to X-Forwarded-For. An entry that is not an address
 * is not trusted, nor are those before it.
 */
export function clientAddress(call: Call, hops: number): string {
  const forwarded = call.fieldValues("x-forwarded-for").join(",").split(",");
  const addresses = forwarded.map((address) => address.trim()).filter((address) => address !== "");
  let found = call.peer;
  for (const address of addresses.reverse().slice(0, hops)) {
    if (!isAddress(address)) break;
    found = address;
  }
  return found;
}

/** Tells whether a text is an IP address, of version 4 or 6, without a zone. */
export function isAddress(text: string): boolean {
  return ADDRESS.test(text) && isIP(text) !== 0;
}
