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
      return tokens;
    }
  }
  throw new InvalidCredentialsError();
}

/** Exchanges a refresh token. Throws an InvalidRefreshTokenError or a RefreshTokenReusedError. */
export async function refreshTokens(refreshToken: string): Promise<Tokens> {
  const tokens = await exchange(refreshToken);
  if (tokens === undefined) throw new RefreshTokenReusedError();
  return tokens;
}

/** Revokes the session of one of the user's refresh tokens, if there is one. */
export async function logOut(userId: string, refreshToken: string): Promise<void> {
  await statements.endSessionOfToken(userId, tokenService.hashRefreshToken(refreshToken));
}

/** Finds the user and session of an access token. Throws an InvalidTokenError. */
export async function authenticate(accessToken: string): Promise<Identity> {
  const { userId, sessionId } = await tokenService.readAccessToken(accessToken);
  const user = await statements.findUserOfSession(userId, sessionId);
  if (user === undefined) throw new InvalidTokenError();
  return { user, sessionId };
}

async function identify(email: string, password: string): Promise<User> {
  const user = await db().user.findFirst({ where: { email } });
  const matches = user
    ? await passwordService.verifyPassword(user.passwordHash, password)
    : await passwordService.verifyNobody(password);
  if (user === null || !matches) throw new InvalidCredentialsError();
  return user;
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
    return opened && issue(userId, opened.id);
  },
);

/** Returns new tokens, or nothing if the token was already used: then its session is revoked. */
const exchange = transactional(async (refreshToken: string): Promise<Tokens | undefined> => {
  const found = await statements.lockRefreshToken(tokenService.hashRefreshToken(refreshToken));
  if (found === undefined || found.expired || found.revoked) throw new InvalidRefreshTokenError();
  if (found.used) {
    await statements.endSession(found.sessionId);
    return undefined;
  }
  await statements.useRefreshToken(found.id);
  return issue(found.userId, found.sessionId);
});

async function issue(userId: string, sessionId: string): Promise<Tokens> {
  const refreshToken = tokenService.makeRefreshToken();
  const tokenHash = tokenService.hashRefreshToken(refreshToken);
  const lifetime = tokenService.refreshTokenLifetime();
  await statements.insertRefreshToken(newId(), sessionId, tokenHash, lifetime);
  return {
    accessToken: await tokenService.makeAccessToken(userId, sessionId),
    tokenType: "Bearer",
    expiresIn: tokenService.accessTokenLifetime(),
    refreshToken,
  };
}
