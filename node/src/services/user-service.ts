/** Users: the current one, and the list of all. */

import { db, transactional, violated } from "../db.js";
import type { User } from "../generated/prisma/client.js";
import { EmailTakenError, InvalidTokenError, WrongPasswordError } from "../utils/errors.js";
import { newId } from "../utils/identifiers.js";
import * as lists from "./list-statements.js";
import { type Page, takePage } from "./paging.js";
import * as passwordService from "./password-service.js";
import * as statements from "./statements.js";

/** The changes to a user; a missing key leaves a property unchanged. */
export interface UserChanges {
  email?: string;
  password?: string;
  currentPassword?: string;
}

/** Creates a user. Throws an EmailTakenError. */
export async function createUser(
  email: string,
  passwordHash: string,
  role: "user" | "admin" = "user",
): Promise<User> {
  const data = { id: newId(), email: email.toLowerCase(), passwordHash, role };
  return db().user.create({ data }).catch(rejectTakenEmail);
}

/**
 * Updates the email address or password of a user; a new password revokes other sessions.
 *
 * `check` receives the current user. Throws a WrongPasswordError or an EmailTakenError.
 */
export const updateUser = transactional(
  async (
    userId: string,
    sessionId: string,
    changes: UserChanges,
    check: (user: User) => void,
  ): Promise<User> => {
    const user = await lockUser(userId);
    check(user);
    if (!(await passwordService.verifyPassword(user.passwordHash, changes.currentPassword ?? ""))) {
      throw new WrongPasswordError();
    }
    const data = {
      ...(changes.email !== undefined && { email: changes.email.toLowerCase() }),
      ...(changes.password !== undefined && {
        passwordHash: await passwordService.hashPassword(changes.password),
      }),
    };
    if (changes.password !== undefined) await statements.endOtherSessions(userId, sessionId);
    if (Object.keys(data).length === 0) return user;
    return db()
      .user.update({ where: { id: userId }, data })
      .catch(rejectTakenEmail);
  },
);

/** Deletes a user and all their data. */
export const deleteUser = transactional(async (userId: string): Promise<void> => {
  await db().user.deleteMany({ where: { id: userId } });
});

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

async function lockUser(userId: string): Promise<User> {
  const user = await statements.lockUser(userId);
  // Deleted since the token was checked.
  if (user === undefined) throw new InvalidTokenError();
  return user;
}

function rejectTakenEmail(error: unknown): never {
  if (violated(error) === "users_email_key") throw new EmailTakenError();
  throw error;
}
