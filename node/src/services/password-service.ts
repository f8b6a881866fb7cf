/** Passwords: hashed by argon2id (RFC 9106). */

import { hash, type Options, verify } from "@node-rs/argon2";
import type { Contract } from "../contract.js";

// The library's enum of algorithms exists in types alone.
const ARGON2ID = 2;

let costs: Options = {};
let nobodysHash = "";

/** Takes the costs of a hash from the contract, and hashes once for `verifyNobody`. */
export async function configure(contract: Contract): Promise<void> {
  const parameters = contract.get("x-password-hash");
  costs = {
    algorithm: ARGON2ID,
    memoryCost: parameters.memory_kib,
    timeCost: parameters.iterations,
    parallelism: parameters.parallelism,
    outputLen: parameters.hash_bytes,
  };
  nobodysHash = await hashPassword("nobody's password");
}

/** Hashes a password with a new salt. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, costs);
}

/** Tells whether a password is the one that was hashed. */
export function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return verify(passwordHash, password);
}

/** Takes as long as `verifyPassword` does, and says no. */
export async function verifyNobody(password: string): Promise<boolean> {
  return (await verifyPassword(nobodysHash, password)) && false;
}
