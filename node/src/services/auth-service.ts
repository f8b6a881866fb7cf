/** Registration, log-in, sessions and tokens. */

import { db, transactional } from "../db.js";
import type { User } from "../generated/prisma/client.js";
import {
  InvalidCredentialsError,
  InvalidRefreshTokenError,
  InvalidTokenError,
  RefreshTokenReusedError,
} from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as passwordService from "./password-service.js";
import * as rateLimitService from "./rate-limit-service.js";
import * as securityTrail from "./security-trail.js";
import type { FoundToken } from "./statements.js";
import * as statements from "./statements.js";
import * as tokenService from "./token-service.js";
import * as userService from "./user-service.js";

// How often a password is verified again, since another request has replaced its hash.
const ATTEMPTS = 3;

/** The tokens of a session; the access token expires in `expiresIn` seconds. */
export interface Tokens {
  accessToken: string;
  tokenType: "Bearer";
  expiresIn: number;
  refreshToken: string;
}

/** The user who sent a request, and the session of the access token. */
export interface Identity {
  user: User;
  sessionId: string;
}

/** Creates a user with the role `user`. Throws an EmailTakenError. */
export async function registerUser(email: string, password: string): Promise<User> {
  return userService.createUser(email, await passwordService.hashPassword(password));
}

/**
 * Creates a session. Throws an InvalidCredentialsError, after the same time in either case.
 *
 * Throws a RateLimitedError, whether or not there is such an account.
 */
export async function logIn(email: string, password: string): Promise<Tokens> {
  await rateLimitService.countAccount(email.toLowerCase());
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const user = await identify(email.toLowerCase(), password);
    const tokens = await openSession(user.id, await renewHash(user, password));
    if (tokens !== undefined) {
      await rateLimitService.rememberClient(user.email);
      securityTrail.record("log_in_succeeded", user.id);
      return tokens;
    }
  }
  throw new InvalidCredentialsError();
}

/** Exchanges a refresh token. Throws an InvalidRefreshTokenError or a RefreshTokenReusedError. */
export async function refreshTokens(refreshToken: string): Promise<Tokens> {
  const { userId, used, tokens } = await exchange(refreshToken);
  if (tokens === undefined) {
    const error = new RefreshTokenReusedError();
    securityTrail.record("refresh_token_reused", userId, error.code);
    throw error;
  }
  if (used) securityTrail.record("refresh_token_retried", userId);
  return tokens;
}

/** Revokes the session of one of the user's refresh tokens, if there is one. */
export async function logOut(userId: string, refreshToken: string): Promise<void> {
  const tokenHash = tokenService.hashRefreshToken(refreshToken);
  const ended = await endSessionOf(userId, tokenHash);
  if (ended === 1) securityTrail.record("session_ended", userId);
}

/** Finds the user and session of an access token. Throws an InvalidTokenError. */
export async function authenticate(accessToken: string): Promise<Identity> {
  const { userId, sessionId } = await tokenService.readAccessToken(accessToken);
  const lifetime = tokenService.sessionLifetime();
  const user = await statements.findUserOfSession(userId, sessionId, lifetime);
  if (user === undefined) throw new InvalidTokenError();
  return { user, sessionId };
}

const endSessionOf = transactional(statements.endSessionOfToken);

async function identify(email: string, password: string): Promise<User> {
  const user = await db().user.findFirst({ where: { email } });
  const matches = user
    ? await passwordService.verifyPassword(user.passwordHash, password)
    : await passwordService.verifyNobody(password);
  if (user !== null && matches) return user;
  const error = new InvalidCredentialsError();
  securityTrail.record("log_in_refused", user?.id ?? null, error.code);
  throw error;
}

/** Replaces a hash that has other costs than the contract's; returns the one to expect. */
async function renewHash({ id, passwordHash }: User, password: string): Promise<string> {
  if (!passwordService.isOutdated(passwordHash)) return passwordHash;
  const renewed = await passwordService.hashPassword(password);
  await userService.replaceHash(id, passwordHash, renewed);
  return renewed;
}

/** Returns tokens, or nothing if the hash is no longer the user's. */
const openSession = transactional(
  async (userId: string, passwordHash: string): Promise<Tokens | undefined> => {
    const opened = await statements.insertSession(newId(), userId, passwordHash);
    return opened && issue(newId(), userId, opened.id, tokenService.sessionLifetime());
  },
);

/** The result of using a refresh token. If it was used before, `tokens` may be missing. */
interface Exchanged {
  userId: string;
  used: boolean;
  tokens?: Tokens;
}

/** Exchanges a token for new ones; one that was used, and is no retry, ends its session. */
const exchange = transactional(async (refreshToken: string): Promise<Exchanged> => {
  const found = await lock(refreshToken);
  if (found === undefined || found.expired || found.revoked || found.remaining <= 0) {
    throw new InvalidRefreshTokenError();
  }
  const { userId, sessionId, used } = found;
  if (used && !(found.retryable && (await voidToken(found.successorId)))) {
    await statements.endSession(sessionId);
    return { userId, used };
  }
  const successorId = newId();
  await statements.useRefreshToken(found.id, successorId);
  const tokens = await issue(successorId, userId, sessionId, found.remaining);
  return { userId, used, tokens };
});

async function lock(refreshToken: string): Promise<FoundToken | undefined> {
  return statements.lockRefreshToken(
    tokenService.hashRefreshToken(refreshToken),
    tokenService.refreshGrace(),
    tokenService.sessionLifetime(),
  );
}

/** Voids the token that replaced another; returns whether it was still unused. */
async function voidToken(successorId: string | null): Promise<boolean> {
  return (await statements.voidRefreshToken(successorId)) === 1;
}

/** Creates tokens that do not outlive their session, of which so many seconds remain. */
async function issue(
  tokenId: string,
  userId: string,
  sessionId: string,
  remaining: number,
): Promise<Tokens> {
  const refreshToken = tokenService.makeRefreshToken();
  const tokenHash = tokenService.hashRefreshToken(refreshToken);
  const lifetime = Math.min(tokenService.refreshTokenLifetime(), remaining);
  const expiresIn = Math.min(tokenService.accessTokenLifetime(), remaining);
  await statements.insertRefreshToken(tokenId, sessionId, tokenHash, lifetime);
  return {
    accessToken: await tokenService.makeAccessToken(userId, sessionId, expiresIn),
    tokenType: "Bearer",
    expiresIn,
    refreshToken,
  };
}
