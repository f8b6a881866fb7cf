/** URLs of databases, read as both drivers can carry them out. */

const FORM = "must look like postgresql://user:password@host:port/database";
const PARAMETERS = ["application_name", "host", "sslmode", "sslrootcert"];
const SSL_MODES = ["disable", "require", "verify-full"];
const URL_PATTERN = new RegExp(
  "^postgres(?:ql)?://" +
    "(?:(?<user>(?:[^\\s:@/?#%]|%[0-9A-Fa-f]{2})+)" +
    "(?::(?<password>(?:[^\\s@/?#%]|%[0-9A-Fa-f]{2})*))?@)?" +
    "(?<host>[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])?(?::(?<port>[1-9][0-9]{0,4}))?" +
    "/(?<database>[^\\s/?#%]+)(?:\\?(?<query>[^\\s#]*))?$",
);
const MOST_PORT = 65_535;
const PARAMETER = /^(?<name>[a-z_]+)=(?<value>(?:[^&=%]|%[0-9A-Fa-f]{2})+)$/;

/** A URL cannot be used; the message says what is expected. */
export class DatabaseUrlError extends Error {}

/** Where PostgreSQL is. `host` is a name, an address, or the directory of a socket. */
export interface DatabaseUrl {
  user: string | undefined;
  password: string | undefined;
  host: string;
  port: number;
  database: string;
  applicationName: string | undefined;
  sslMode: string;
  sslRootCert: string | undefined;
}

/**
 * Takes a URL apart. Throws a DatabaseUrlError.
 *
 * Without `sslmode` nothing is encrypted; `require` encrypts without looking at the certificate.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const found = URL_PATTERN.exec(text)?.groups;
  if (found?.database === undefined) throw new DatabaseUrlError(FORM);
  const given = parameters(found.query ?? "");
  const folder = given.get("host");
  if ((folder === undefined) === (found.host === undefined) || (folder && folder[0] !== "/")) {
    throw new DatabaseUrlError("must have a host, or the directory of a socket as ?host=");
  }
  const sslMode = given.get("sslmode") ?? "disable";
  if (!SSL_MODES.includes(sslMode)) {
    throw new DatabaseUrlError(`must have an sslmode out of ${SSL_MODES.join(", ")}`);
  }
  if (given.has("sslrootcert") && sslMode !== "verify-full") {
    throw new DatabaseUrlError("must have sslmode=verify-full for sslrootcert");
  }
  if (Number(found.port ?? 0) > MOST_PORT) throw new DatabaseUrlError(FORM);
  return {
    user: decoded(found.user),
    password: decoded(found.password),
    host: folder ?? (found.host ?? "").replace(/^\[|\]$/g, ""),
    port: Number(found.port ?? 5432),
    database: found.database,
    applicationName: given.get("application_name"),
    sslMode,
    sslRootCert: given.get("sslrootcert"),
  };
}

function parameters(query: string): Map<string, string> {
  const given = new Map<string, string>();
  for (const pair of query === "" ? [] : query.split("&")) {
    const { name = "", value } = PARAMETER.exec(pair)?.groups ?? {};
    if (value === undefined || !PARAMETERS.includes(name) || given.has(name)) {
      throw new DatabaseUrlError(
        `must have no parameters except ${PARAMETERS.join(", ")}, once each`,
      );
    }
    given.set(name, decoded(value) ?? "");
  }
  return given;
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new DatabaseUrlError(FORM, { cause: error });
    throw error;
  }
}
