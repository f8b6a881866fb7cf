"""URLs of databases, read as both drivers can carry them out."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

FORM = "must look like postgresql://user:password@host:port/database"
PARAMETERS = ("application_name", "host", "sslmode", "sslrootcert")
SSL_MODES = ("disable", "require", "verify-full")
URL = re.compile(
    r"postgres(?:ql)?://"
    r"(?:(?P<user>(?:[^\s:@/?#%]|%[0-9A-Fa-f]{2})+)"
    r"(?::(?P<password>(?:[^\s@/?#%]|%[0-9A-Fa-f]{2})*))?@)?"
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])?(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"/(?P<database>[^\s/?#%]+)(?:\?(?P<query>[^\s#]*))?"
)
MOST_PORT = 65535
PARAMETER = re.compile(r"(?P<name>[a-z_]+)=(?P<value>(?:[^&=%]|%[0-9A-Fa-f]{2})+)")


class DatabaseUrlError(ValueError):
    """A URL cannot be used; the text says what is expected."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where PostgreSQL is. `host` is a name, an address, or the directory of a socket."""

    user: str | None
    password: str | None
    host: str
    port: int
    database: str
    application_name: str | None
    ssl_mode: str
    ssl_root_cert: str | None


def parse_database_url(text: str) -> DatabaseUrl:
    """Takes a URL apart. Raises DatabaseUrlError.

    Without `sslmode` nothing is encrypted; `require` encrypts without looking at the certificate.
    """
    found = URL.fullmatch(text)
    if found is None:
        raise DatabaseUrlError(FORM)
    given = _parameters(found["query"] or "")
    folder = given.get("host")
    if (folder is None) == (found["host"] is None) or (folder and folder[0] != "/"):
        raise DatabaseUrlError("must have a host, or the directory of a socket as ?host=")
    ssl_mode = given.get("sslmode", "disable")
    if ssl_mode not in SSL_MODES:
        raise DatabaseUrlError(f"must have an sslmode out of {', '.join(SSL_MODES)}")
    if "sslrootcert" in given and ssl_mode != "verify-full":
        raise DatabaseUrlError("must have sslmode=verify-full for sslrootcert")
    if int(found["port"] or 0) > MOST_PORT:
        raise DatabaseUrlError(FORM)
    return DatabaseUrl(
        user=_decoded(found["user"]),
        password=_decoded(found["password"]),
        host=folder or found["host"].strip("[]"),
        port=int(found["port"] or 5432),
        database=found["database"],
        application_name=given.get("application_name"),
        ssl_mode=ssl_mode,
        ssl_root_cert=given.get("sslrootcert"),
    )


def _parameters(query: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in query.split("&") if query else []:
        found = PARAMETER.fullmatch(pair)
        if found is None or found["name"] not in PARAMETERS or found["name"] in given:
            known = ", ".join(PARAMETERS)
            raise DatabaseUrlError(f"must have no parameters except {known}, once each")
        given[found["name"]] = _decoded(found["value"]) or ""
    return given


def _decoded(text: str | None) -> str | None:
    try:
        return text and unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise DatabaseUrlError(FORM) from error
