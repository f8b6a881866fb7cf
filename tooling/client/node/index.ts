import createClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, paths } from "./contract.js";

export type { operations, paths } from "./contract.js";
/** The schemas of the contract, such as `Schemas["Task"]`. */
export type Schemas = components["schemas"];
/** A client with a method for each of HTTP, which knows every path of the contract. */
export type TaskTimer = Client<paths>;

/**
 * Gives a client of the server at `baseUrl`. With `token`, an access token out of log-in, it is sent
 * as Bearer (RFC 6750). All else that openapi-fetch takes may be given too.
 */
export function connect({ token, ...options }: ClientOptions & { token?: string }): TaskTimer {
  const client = createClient<paths>(options);
  if (token !== undefined) {
    client.use({
      onRequest({ request }) {
        request.headers.set("Authorization", `Bearer ${token}`);
      },
    });
  }
  return client;
}
