/** Access tokens (JWT, RFC 7519) and refresh tokens. */

import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Settings } from "../config.js";
import type { Contract, ContractDocument } from "../contract.js";
import { InvalidTokenError } from "../utils/errors.js";
import { isId, newId } from "../utils/identifiers.js";

/** Whose access token it is, of which session, and until which second since 1970. */
export interface Claims {
  userId: string;
  sessionId: string;
  expiresAt: number;
}

interface Configuration {
  settings: Settings;
  rules: ContractDocument["x-access-token"];
  refreshTokenBytes: number;
  key: KeyObject;
}

/** So many tokens are remembered as verified; then all are forgotten. */
const REMEMBERED = 10_000;

let configured: Configuration | undefined;
const verified = new Map<string, Claims>();

/** Takes the form of tokens from the contract, the key and the lifetimes from the settings. */
export function configure(contract: Contract, settings: Settings): void {
  verified.clear();
  configured = {
    settings,
    rules: contract.get("x-access-token"),
    refreshTokenBytes: contract.get("x-refresh-token").random_bytes,
    key: createSecretKey(settings.secretKey, "utf8"),
  };
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
  // A signature stays right, and to verify it costs more than much else of a request.
  const known = verified.get(token);
  if (known !== undefined && known.expiresAt > Math.floor(Date.now() / 1000)) return known;
  const claims = await verify(token);
  if (verified.size >= REMEMBERED) verified.clear();
  verified.set(token, claims);
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
  return randomBytes(configuration().refreshTokenBytes).toString("base64url");
}

/** Gives what is stored of a refresh token: the SHA-256 of its text. */
export function hashRefreshToken(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(token).digest());
}

async function verify(token: string): Promise<Claims> {
  const { rules, key } = configuration();
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [rules.algorithm],
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: rules.claims,
    });
    return claimsOf(payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new InvalidTokenError({ cause: error });
    throw error;
  }
}

function claimsOf({ sub, sid, jti, aud, iat, exp }: JWTPayload): Claims {
  const timed = Number.isInteger(iat) && Number.isInteger(exp);
  if (!timed || aud !== configuration().rules.audience) throw new InvalidTokenError();
  if (!isId(sub) || !isId(sid) || !isId(jti)) throw new InvalidTokenError();
  return { userId: sub, sessionId: sid, expiresAt: exp as number };
}

function configuration(): Configuration {
  if (configured === undefined) throw new Error("no tokens: call configure() first");
  return configured;
}
