/** Users: the current one, and the list of all. */

import { db, transactional, violated } from "../db.js";
import type { User } from "../generated/prisma/client.js";
import { EmailTakenError, InvalidTokenError, WrongPasswordError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as lists from "./list-statements.js";
import { type Page, takePage } from "./paging.js";
import * as passwordService from "./password-service.js";
import * as rateLimitService from "./rate-limit-service.js";
import * as securityTrail from "./security-trail.js";
import * as statements from "./statements.js";

// So many rows are deleted within the time limit of a statement; a large account takes several.
const BATCH_ROWS = 10_000;

/** The changes to a user; a missing key leaves a property unchanged. */
export interface UserChanges {
  email?: string;
  password?: string;
  currentPassword?: string;
}

/** Creates a user. Throws an EmailTakenError. */
export const createUser = transactional(
  async (email: string, passwordHash: string, role: "user" | "admin" = "user"): Promise<User> => {
    const data = { id: newId(), email: email.toLowerCase(), passwordHash, role };
    return db().user.create({ data }).catch(throwDomainError);
  },
);

/**
 * Updates the email address or password of a user; a new password revokes other sessions.
 *
 * `check` receives the current user. Throws a RateLimitedError, a WrongPasswordError or
 * an EmailTakenError.
 */
export async function updateUser(
  user: User,
  sessionId: string,
  changes: UserChanges,
  check: (user: User) => void,
): Promise<User> {
  await rateLimitService.countAccount(user.email);
  const updated = await update(user, sessionId, changes, check);
  if (changes.password !== undefined) securityTrail.record("password_changed", user.id);
  return updated;
}

/** Replaces the hash of a password, unless another request has done so. */
export async function replaceHash(userId: string, old: string, renewed: string): Promise<void> {
  const where = { id: userId, passwordHash: old };
  await db().user.updateMany({ where, data: { passwordHash: renewed } });
}

/** Deletes a user and all their data. Throws a RateLimitedError or a WrongPasswordError. */
export async function deleteUser(user: User, currentPassword: string): Promise<void> {
  await rateLimitService.countAccount(user.email);
  await deleteVerified(user, currentPassword);
  securityTrail.record("user_deleted", user.id);
}

/** Returns all users, oldest first. Throws an InvalidCursorError. */
export async function listUsers(limit: number, cursor: string | undefined): Promise<Page<User>> {
  const order = {
    sort: "created_at",
    column: "created_at",
    field: "createdAt",
    type: "time",
  } as const;
  return takePage(order, limit, cursor, lists.listUsers);
}

async function update(
  user: User,
  sessionId: string,
  changes: UserChanges,
  check: (user: User) => void,
): Promise<User> {
  check(user);
  await verify(user, changes.currentPassword ?? "");
  const data = {
    ...(changes.email !== undefined && { email: changes.email.toLowerCase() }),
    ...(changes.password !== undefined && {
      passwordHash: await passwordService.hashPassword(changes.password),
    }),
  };
  // Nothing is locked while passwords are hashed, so the user may be another by now.
  const { current, isDone } = await change(user, sessionId, data, check);
  return isDone ? current : update(current, sessionId, changes, check);
}

/** Returns the user, and whether the hash was still the verified one, so that it was done. */
const change = transactional(
  async (
    verified: User,
    sessionId: string,
    data: { email?: string; passwordHash?: string },
    check: (user: User) => void,
  ): Promise<{ current: User; isDone: boolean }> => {
    const user = await lockUser(verified.id);
    check(user);
    if (user.passwordHash !== verified.passwordHash) return { current: user, isDone: false };
    if (data.passwordHash !== undefined) await statements.endOtherSessions(user.id, sessionId);
    const current = Object.keys(data).length === 0 ? user : await write(user.id, data);
    return { current, isDone: true };
  },
);

async function deleteVerified(user: User, currentPassword: string): Promise<void> {
  await verify(user, currentPassword);
  const { current, isDone } = await remove(user);
  if (!isDone) await deleteVerified(current, currentPassword);
}

/** Returns the user, and whether the hash was still the verified one, so that it was done. */
const remove = transactional(
  async (verified: User): Promise<{ current: User; isDone: boolean }> => {
    const user = await lockUser(verified.id);
    if (user.passwordHash !== verified.passwordHash) return { current: user, isDone: false };
    for (const deleteBatch of [statements.deleteTimeEntriesOf, statements.deleteTasksOf]) {
      while ((await deleteBatch(user.id, BATCH_ROWS)) === BATCH_ROWS);
    }
    await db().user.deleteMany({ where: { id: user.id } });
    return { current: user, isDone: true };
  },
);

async function verify(user: User, currentPassword: string): Promise<void> {
  if (await passwordService.verifyPassword(user.passwordHash, currentPassword)) return;
  const error = new WrongPasswordError();
  securityTrail.record("password_refused", user.id, error.code);
  throw error;
}

async function lockUser(userId: string): Promise<User> {
  const user = await statements.lockUser(userId);
  // Deleted since the token was checked.
  if (user === undefined) throw new InvalidTokenError();
  return user;
}

async function write(id: string, data: { email?: string; passwordHash?: string }): Promise<User> {
  return db().user.update({ where: { id }, data }).catch(throwDomainError);
}

function throwDomainError(error: unknown): never {
  if (violated(error) === "users_email_key") throw new EmailTakenError();
  throw error;
}
