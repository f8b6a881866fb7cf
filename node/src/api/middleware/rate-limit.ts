/** Enforces the rate limits. */

import * as rateLimitService from "../../services/rate-limit-service.js";
import type { Call } from "../call.js";

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
 * Each of them appends the address of its peer to X-Forwarded-For.
 */
export function clientAddress(call: Call, hops: number): string {
  const forwarded = call.fieldValues("x-forwarded-for").join(",").split(",");
  const told = forwarded.map((address) => address.trim()).filter((address) => address !== "");
  const addresses = [call.peer, ...told.reverse()];
  return addresses[Math.min(hops, addresses.length - 1)] ?? "";
}
