/** Holds clients to their rate limits. */

import type { RequestHandler } from "express";
import type { Operation } from "../../operations.js";
import * as rateLimitService from "../../services/rate-limit-service.js";
import { type Call, current } from "../call.js";

/**
 * The third check: how often the client has come.
 *
 * Counts the request by the limit that its operation has. Throws a RateLimitedError.
 */
export function rateLimit(operation: Operation): RequestHandler {
  return async (_request, response, next) => {
    const call = current(response);
    const address = clientAddress(call, call.settings.trustedProxyHops);
    if (operation.rateLimit === "credentials") {
      await rateLimitService.countCredentials(address, operation.id);
    } else if (operation.rateLimit === "general") {
      rateLimitService.countGeneral(address);
    }
    next();
  };
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
