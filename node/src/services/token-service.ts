/** Access tokens (JWT, RFC 7519) and refresh tokens. */

import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Settings } from "../config.js";
import type { Contract, ContractDocument } from "../contract.js";
import { InvalidTokenError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import type { Validator } from "../utils/json-schema.js";

// A signature is checked once, and not for each request that a client sends with it.
const VERIFIED_TOKENS = 1000;

/** Whose access token it is, of which session, and its end in seconds since 1970. */
export interface Claims {
  userId: string;
  sessionId: string;
  expiresAt: number;
}

interface Configuration {
  settings: Settings;
  rules: ContractDocument["x-access-token"];
  leeway: number;
  refreshRules: ContractDocument["x-refresh-token"];
  key: KeyObject;
  token: Validator;
  id: Validator;
}

let configured: Configuration | undefined;
const verified = new Map<string, Claims>();

/** Takes the form of tokens from the contract, the key and the lifetimes from the settings. */
export function configure(contract: Contract, settings: Settings): void {
  const token = "#/components/schemas/Tokens/properties/access_token";
  configured = {
    settings,
    rules: contract.get("x-access-token"),
    leeway: contract.get("x-limits").clock_leeway_seconds,
    refreshRules: contract.get("x-refresh-token"),
    key: createSecretKey(settings.secretKey, "utf8"),
    token: contract.reader.validator({ $ref: token }, "header"),
    id: contract.reader.validator({ $ref: "#/components/schemas/Id" }, "header"),
  };
  verified.clear();
}

/** Signs an access token that is good from now on, for `accessTokenLifetime` seconds. */
export async function makeAccessToken(userId: string, sessionId: string): Promise<string> {
  const { rules, key } = configuration();
  const now = Math.floor(Date.now() / 1000);
  const values: JWTPayload = {
    iss: rules.issuer,
    aud: rules.audience,
    sub: userId,
    sid: sessionId,
    jti: newId(),
    iat: now,
    exp: now + accessTokenLifetime(),
  };
  const claims = Object.fromEntries(rules.claims.map((name) => [name, values[name]]));
  const header = { alg: rules.algorithm, typ: rules.type };
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** Verifies an access token. Throws an InvalidTokenError where anything about it is wrong. */
export async function readAccessToken(token: string): Promise<Claims> {
  const claims = verified.get(token) ?? keep(token, await verify(token));
  if (claims.expiresAt <= Date.now() / 1000 - configuration().leeway) throw new InvalidTokenError();
  return claims;
}

/** Gives the seconds for which an access token is good. */
export function accessTokenLifetime(): number {
  return configuration().settings.accessTokenSeconds;
}

/** Gives the seconds for which a refresh token is good. */
export function refreshTokenLifetime(): number {
  return configuration().settings.refreshTokenSeconds;
}

/** Makes a refresh token of random bytes in base64url. */
export function makeRefreshToken(): string {
  return randomBytes(configuration().refreshRules.random_bytes).toString("base64url");
}

/** Gives what is stored of a refresh token: the digest of its text that the contract names. */
export function hashRefreshToken(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash(configuration().refreshRules.stored_as).update(token).digest());
}

/** Keeps the claims of a token; the one that was kept first makes room. */
function keep(token: string, claims: Claims): Claims {
  const [oldest] = verified.size === VERIFIED_TOKENS ? verified.keys() : [];
  if (oldest !== undefined) verified.delete(oldest);
  verified.set(token, claims);
  return claims;
}

async function verify(token: string): Promise<Claims> {
  const { rules, leeway, key, token: form } = configuration();
  if (form.violations(token).length > 0) throw new InvalidTokenError();
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [rules.algorithm],
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: rules.claims,
      clockTolerance: leeway,
    });
    return claimsOf(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new InvalidTokenError({ cause: error });
    throw error;
  }
}

function claimsOf(payload: JWTPayload): Claims {
  if (!areWellFormed(payload)) throw new InvalidTokenError();
  const { sub, sid, exp } = payload;
  return { userId: String(sub), sessionId: String(sid), expiresAt: Number(exp) };
}

function areWellFormed({ sub, sid, jti, aud, iat, exp }: JWTPayload): boolean {
  const { rules, id } = configuration();
  return (
    aud === rules.audience &&
    [sub, sid, jti].every((value) => id.violations(value).length === 0) &&
    [iat, exp].every(Number.isInteger)
  );
}

function configuration(): Configuration {
  if (configured === undefined) throw new Error("no tokens: call configure() first");
  return configured;
}
