"""Password hashes: compared by scheme and parameters, not by salt and digest."""

from __future__ import annotations

import re

# `$argon2id$v=19$m=19456,t=2,p=1$SALT$DIGEST`, `$2b$12$…`, `pbkdf2_sha256$600000$SALT$DIGEST`,
# `scrypt:32768:8:1$SALT$DIGEST`: the PHC string format and what came before it.
_HASH = re.compile(
    r"(\{[A-Za-z0-9-]+\})?(\$|(argon2|bcrypt|scrypt|pbkdf2|sha\d|md5|[a-z0-9]+_sha\d+)[^$\s]*\$)\S+"
)
_PARAMETERS = re.compile(r"[a-z]+=[^=,]+(,[a-z]+=[^=,]+)*")
_MADE = 8
# bcrypt's salt and digest are a single text.
_BCRYPT = re.compile(r"(.*\$2[abxy]?\$\d\d\$)(\S+)")


def hash_form(text: str) -> str | None:
    """Return the scheme and cost parameters of a password hash, and the lengths of the rest.

    `None` if the text is not a password hash.
    """
    if text.count("$") < 2 or not _HASH.fullmatch(text):
        return None
    bcrypt = _BCRYPT.fullmatch(text)
    if bcrypt:
        return f"{bcrypt[1]}{_length(bcrypt[2])}"
    scheme, *parts = text.split("$")
    if not scheme:
        scheme, parts = f"${parts[0]}", parts[1:]
    return "$".join((scheme, *map(_part, parts)))


def _part(part: str) -> str:
    is_said = len(part) < _MADE or _PARAMETERS.fullmatch(part)
    return part if is_said else _length(part)


def _length(part: str) -> str:
    return f"({len(part)} characters)"
