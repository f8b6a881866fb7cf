/** Passwords: hashed by argon2id (RFC 9106). */

import { hash, type Options, verify } from "@node-rs/argon2";
import type { Contract } from "../contract.js";
import { resources } from "../current.js";
import { BoundedQueue } from "../utils/bounded-queue.js";

// The library's enum of algorithms exists only as a type.
const ARGON2ID = 2;

/** The parameters of hashing, the queue for it, and a hash that belongs to no user. */
export interface Hashing {
  costs: Options;
  queue: BoundedQueue;
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
  const { concurrency, waiting, seconds } = contract.get("x-password-queue");
  const queue = new BoundedQueue(concurrency, waiting, seconds);
  return { costs, queue, nobodysHash: await hash("nobody's password", costs) };
}

/** Hashes a password with a new salt. Throws an OverloadedError. */
export function hashPassword(password: string): Promise<string> {
  const { costs, queue } = resources().hashing;
  return queue.run(() => hash(password, costs));
}

/** Returns whether a password matches a hash. Throws an OverloadedError. */
export function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  return resources().hashing.queue.run(() => verify(passwordHash, password));
}

/** Returns whether a hash has other parameters than those of the contract. */
export function isOutdated(passwordHash: string): boolean {
  const { memoryCost, timeCost, parallelism, outputLen } = resources().hashing.costs;
  const parameters = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`;
  const [salt = "", digest = ""] = passwordHash.slice(parameters.length).split("$");
  const { salt_bytes } = resources().contract.get("x-password-hash");
  return !(
    passwordHash.startsWith(parameters) &&
    Buffer.from(salt, "base64").length === salt_bytes &&
    Buffer.from(digest, "base64").length === outputLen
  );
}

/** Takes as long as `verifyPassword`, and returns false. */
export async function verifyNobody(password: string): Promise<boolean> {
  return (await verifyPassword(resources().hashing.nobodysHash, password)) && false;
}
