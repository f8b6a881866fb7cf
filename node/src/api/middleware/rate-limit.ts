/** Holds clients to their rate limits. */

import * as rateLimitService from "../../services/rate-limit-service.js";
import type { Call } from "../call.js";

/**
 * The third check: how often the client has come.
 *
 * Counts the request by the limit that its operation has. Throws a RateLimitedError.
 */
export async function check(call: Call): Promise<void> {
  const { operation, resources } = call;
  if (operation === undefined || operation.rateLimit === "none") return;
  const address = clientAddress(call, resources.settings.trustedProxyHops);
  if (operation.rateLimit === "credentials") {
    await rateLimitService.countCredentials(address, operation.id);
  } else {
    rateLimitService.countGeneral(address);
  }
}

/**
 * Gives the address of the client, behind as many trusted proxies as there are hops.
 *
 * Each of them adds to X-Forwarded-For whom it was called by.
 */
export function clientAddress(call: Call, hops: number): string {
  const forwarded = call.fieldValues("x-forwarded-for").join(",").split(",");
  const told = forwarded.map((address) => address.trim()).filter((address) => address !== "");
  const addresses = [call.peer, ...told.reverse()];
  return addresses[Math.min(hops, addresses.length - 1)] ?? "";
}
