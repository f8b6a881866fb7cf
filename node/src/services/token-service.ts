/** Access tokens (JWT, RFC 7519) and refresh tokens. */

import { createHash, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { errors, type JWSHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Settings } from "../config.js";
import type { Contract, ContractDocument } from "../contract.js";
import { resources } from "../current.js";
import { InvalidTokenError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import type { Validator } from "../utils/json-schema.js";

// A signature is verified once, not for each request that carries it.
const VERIFIED_TOKENS = 1000;
const FORM = "#/components/schemas/Tokens/properties/access_token";

/** The user and the session of an access token, and its expiry in seconds since 1970. */
export interface Claims {
  userId: string;
  sessionId: string;
  expiresAt: number;
}

/** The format of tokens from the contract, the keys and the lifetimes from the settings. */
export class TokenRules {
  readonly access: ContractDocument["x-access-token"];
  readonly key: KeyObject;
  readonly keyId: string;
  readonly keys: Map<string, KeyObject>;
  readonly refresh: ContractDocument["x-refresh-token"];
  readonly leeway: number;
  readonly form: Validator;
  readonly id: Validator;
  readonly verified = new Map<string, Claims>();

  constructor(settings: Settings, contract: Contract) {
    this.access = contract.get("x-access-token");
    this.key = createSecretKey(settings.secretKey, "utf8");
    this.keyId = this.idOf(settings.secretKey);
    this.keys = new Map(
      [...settings.secretKeyPrevious, settings.secretKey].map((key) => [
        this.idOf(key),
        createSecretKey(key, "utf8"),
      ]),
    );
    this.refresh = contract.get("x-refresh-token");
    this.leeway = contract.get("x-limits").clock_leeway_seconds;
    this.form = contract.reader.validator({ $ref: FORM }, "header");
    this.id = contract.reader.validator({ $ref: "#/components/schemas/Id" }, "header");
  }

  private idOf(key: string): string {
    const digest = createHash("sha256").update(key).digest();
    return digest.subarray(0, this.access.key_id_bytes).toString("hex");
  }
}

/** Signs an access token that is valid from now on, for `lifetime` seconds. */
export async function makeAccessToken(
  userId: string,
  sessionId: string,
  lifetime: number,
): Promise<string> {
  const { key, keyId, access } = resources().tokens;
  const now = Math.floor(Date.now() / 1000);
  const values: JWTPayload = {
    iss: access.issuer,
    aud: access.audience,
    sub: userId,
    sid: sessionId,
    jti: newId(),
    iat: now,
    exp: now + lifetime,
  };
  const claims = Object.fromEntries(access.claims.map((name) => [name, values[name]]));
  const header = { alg: access.algorithm, kid: keyId, typ: access.type };
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** Verifies an access token. Throws an InvalidTokenError. */
export async function readAccessToken(token: string): Promise<Claims> {
  const rules = resources().tokens;
  const claims = rules.verified.get(token) ?? keep(rules, token, await verify(rules, token));
  if (claims.expiresAt <= Date.now() / 1000 - rules.leeway) throw new InvalidTokenError();
  return claims;
}

/** Returns the lifetime of an access token, in seconds. */
export function accessTokenLifetime(): number {
  return resources().settings.accessTokenSeconds;
}

/** Returns the lifetime of a refresh token, in seconds. */
export function refreshTokenLifetime(): number {
  return resources().settings.refreshTokenSeconds;
}

/** Returns how long a used refresh token can be used again, in seconds. */
export function refreshGrace(): number {
  return resources().settings.refreshGraceSeconds;
}

/** Returns the lifetime of a session, in seconds. */
export function sessionLifetime(): number {
  return resources().settings.sessionSeconds;
}

/** Generates a refresh token of random bytes in base64url. */
export function makeRefreshToken(): string {
  return randomBytes(resources().tokens.refresh.random_bytes).toString("base64url");
}

/** Returns the digest of a refresh token, which is stored in its place. */
export function hashRefreshToken(token: string): Uint8Array<ArrayBuffer> {
  const { stored_as } = resources().tokens.refresh;
  return new Uint8Array(createHash(stored_as).update(token).digest());
}

/** Caches the claims of a token, and evicts the oldest entry. */
function keep({ verified }: TokenRules, token: string, claims: Claims): Claims {
  const [oldest] = verified.size === VERIFIED_TOKENS ? verified.keys() : [];
  if (oldest !== undefined) verified.delete(oldest);
  verified.set(token, claims);
  return claims;
}

async function verify(rules: TokenRules, token: string): Promise<Claims> {
  const { access, leeway, form } = rules;
  if (form.violations(token).length > 0) throw new InvalidTokenError();
  try {
    const verified = await jwtVerify(token, (header) => keyOf(rules, header), {
      algorithms: [access.algorithm],
      issuer: access.issuer,
      audience: access.audience,
      requiredClaims: access.claims,
      clockTolerance: leeway,
    });
    const { kid, ...header } = verified.protectedHeader;
    const expected = { alg: access.algorithm, typ: access.type };
    if (!isDeepStrictEqual(header, expected)) throw new InvalidTokenError();
    return claimsOf(rules, verified.payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new InvalidTokenError({ cause: error });
    throw error;
  }
}

function keyOf({ keys, keyId }: TokenRules, { kid = keyId }: JWSHeaderParameters): KeyObject {
  const key = keys.get(kid);
  if (key === undefined) throw new InvalidTokenError();
  return key;
}

function claimsOf(rules: TokenRules, payload: JWTPayload): Claims {
  if (!areWellFormed(rules, payload)) throw new InvalidTokenError();
  const { sub, sid, exp } = payload;
  return { userId: String(sub), sessionId: String(sid), expiresAt: Number(exp) };
}

function areWellFormed(rules: TokenRules, claims: JWTPayload): boolean {
  const { access, id } = rules;
  const { sub, sid, jti, aud, iat, exp } = claims;
  return (
    aud === access.audience &&
    [sub, sid, jti].every((value) => id.violations(value).length === 0) &&
    [iat, exp].every(Number.isInteger)
  );
}
