/** Accounts, log-in, and the sessions and tokens that it gives. */

import { db, rowsOf, transactional, violated } from "../db.js";
import { Prisma, type User } from "../generated/prisma/client.js";
import {
  InvalidCredentialsError,
  InvalidRefreshTokenError,
  InvalidTokenError,
  RefreshTokenReusedError,
} from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as passwordService from "./password-service.js";
import * as tokenService from "./token-service.js";
import * as userService from "./user-service.js";

/** The tokens of a session; the access token is good for `expiresIn` seconds. */
export interface Tokens {
  accessToken: string;
  tokenType: "Bearer";
  expiresIn: number;
  refreshToken: string;
}

/** Who sent a request, and the session that the access token is of. */
export interface Identity {
  user: User;
  sessionId: string;
}

/** Makes an account with the role `user`. Throws an EmailTakenError. */
export async function registerUser(email: string, password: string): Promise<User> {
  return userService.createUser(email, await passwordService.hashPassword(password));
}

/** Opens a session. Throws an InvalidCredentialsError, after the same time for either fault. */
export async function logIn(email: string, password: string): Promise<Tokens> {
  const user = await db().user.findFirst({ where: { email: email.toLowerCase() } });
  const matches = user
    ? await passwordService.verifyPassword(user.passwordHash, password)
    : await passwordService.verifyNobody(password);
  if (user === null || !matches) throw new InvalidCredentialsError();
  return openSession(user.id);
}

/** Exchanges a refresh token. Throws an InvalidRefreshTokenError or a RefreshTokenReusedError. */
export async function refreshTokens(refreshToken: string): Promise<Tokens> {
  const tokens = await exchange(refreshToken);
  if (tokens === undefined) throw new RefreshTokenReusedError();
  return tokens;
}

/** Ends the session that a refresh token of the user's belongs to, if there is one. */
export async function logOut(userId: string, refreshToken: string): Promise<void> {
  await db().$executeRaw`
    UPDATE sessions SET revoked_at = now()
    FROM refresh_tokens
    WHERE refresh_tokens.token_hash = ${tokenService.hashRefreshToken(refreshToken)}
      AND refresh_tokens.session_id = sessions.id
      AND sessions.user_id = ${userId}::uuid AND sessions.revoked_at IS NULL`;
}

/** Finds out who an access token is of. Throws an InvalidTokenError. */
export async function authenticate(accessToken: string): Promise<Identity> {
  const { userId, sessionId } = await tokenService.readAccessToken(accessToken);
  // Written out, since every request asks it.
  const [user] = await rowsOf<User>(Prisma.sql`
    SELECT users.id, email, password_hash AS "passwordHash", role,
      users.created_at AS "createdAt", updated_at AS "updatedAt"
    FROM users JOIN sessions ON sessions.user_id = users.id
    WHERE users.id = ${userId}::uuid AND sessions.id = ${sessionId}::uuid
      AND sessions.revoked_at IS NULL`);
  if (user === undefined) throw new InvalidTokenError();
  return { user, sessionId };
}

const openSession = transactional(async (userId: string): Promise<Tokens> => {
  const data = { id: newId(), userId };
  await db()
    .session.create({ data, select: { id: true } })
    .catch(rejectDeletedUser);
  return issue(userId, data.id);
});

/** Gives new tokens, or nothing where the token was used before: then its session ends. */
const exchange = transactional(async (refreshToken: string): Promise<Tokens | undefined> => {
  const found = await lock(refreshToken);
  if (found === undefined || found.expired || found.revoked) throw new InvalidRefreshTokenError();
  if (found.used) {
    await db().$executeRaw`
      UPDATE sessions SET revoked_at = now()
      WHERE id = ${found.sessionId}::uuid AND revoked_at IS NULL`;
    return undefined;
  }
  await db().$executeRaw`UPDATE refresh_tokens SET used_at = now() WHERE id = ${found.id}::uuid`;
  return issue(found.userId, found.sessionId);
});

interface FoundToken {
  id: string;
  sessionId: string;
  userId: string;
  expired: boolean;
  used: boolean;
  revoked: boolean;
}

async function lock(refreshToken: string): Promise<FoundToken | undefined> {
  const [found] = await db().$queryRaw<FoundToken[]>`
    SELECT refresh_tokens.id, refresh_tokens.session_id AS "sessionId",
      sessions.user_id AS "userId", refresh_tokens.expires_at <= now() AS expired,
      refresh_tokens.used_at IS NOT NULL AS used, sessions.revoked_at IS NOT NULL AS revoked
    FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session_id
    WHERE refresh_tokens.token_hash = ${tokenService.hashRefreshToken(refreshToken)}
    FOR UPDATE OF refresh_tokens`;
  return found;
}

async function issue(userId: string, sessionId: string): Promise<Tokens> {
  const refreshToken = tokenService.makeRefreshToken();
  await db().$executeRaw`
    INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at)
    VALUES (${newId()}::uuid, ${sessionId}::uuid, ${tokenService.hashRefreshToken(refreshToken)},
      now() + make_interval(secs => ${tokenService.refreshTokenLifetime()}))`;
  return {
    accessToken: await tokenService.makeAccessToken(userId, sessionId),
    tokenType: "Bearer",
    expiresIn: tokenService.accessTokenLifetime(),
    refreshToken,
  };
}

function rejectDeletedUser(error: unknown): never {
  if (violated(error) === "sessions_user_id_fkey") throw new InvalidCredentialsError();
  throw error;
}
