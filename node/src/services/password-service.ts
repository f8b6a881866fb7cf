/** Passwords: hashed by argon2id (RFC 9106). */

import { hash, type Options, verify } from "@node-rs/argon2";
import type { Contract } from "../contract.js";
import { resources } from "../current.js";

// The library's enum of algorithms exists only as a type.
const ARGON2ID = 2;

/** The parameters of hashing, and a hash that belongs to no user. */
export interface Hashing {
  costs: Options;
  nobodysHash: string;
}

/** Reads the cost parameters from the contract, and hashes once for `verifyNobody`. */
export async function makeHashing(contract: Contract): Promise<Hashing> {
  const parameters = contract.get("x-password-hash");
  const costs = {
    algorithm: ARGON2ID,
    memoryCost: parameters.memory_kib,
    timeCost: parameters.iterations,
    parallelism: parameters.parallelism,
    outputLen: parameters.hash_bytes,
  };
  return { costs, nobodysHash: await hash("nobody's password", costs) };
}

/** Hashes a password with a new salt. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, resources().hashing.costs);
}

/** Returns whether a password matches a hash. */
export function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return verify(passwordHash, password);
}

/** Takes as long as `verifyPassword`, and returns false. */
export async function verifyNobody(password: string): Promise<boolean> {
  return (await verifyPassword(resources().hashing.nobodysHash, password)) && false;
}
