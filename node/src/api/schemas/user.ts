/** Users on the wire. */

import type { components } from "../../generated/contract.js";
import type { User } from "../../generated/prisma/client.js";
import type { UserChanges } from "../../services/user-service.js";
import { formatInstant } from "../../utils/instants.js";

type Wire = components["schemas"];

/** Writes a user. The hash of the password is not exposed. */
export function dumpUser(user: User): Wire["User"] {
  return {
    id: user.id,
    email: user.email,
    role: user.role as Wire["Role"],
    created_at: formatInstant(user.createdAt),
    updated_at: formatInstant(user.updatedAt),
  };
}

/** Reads the changes to a user. */
export function loadUserUpdate(body: Wire["UserUpdate"]): UserChanges {
  return {
    ...(body.email !== undefined && { email: body.email }),
    ...(body.password !== undefined && { password: body.password }),
    ...(body.current_password !== undefined && { currentPassword: body.current_password }),
  };
}
