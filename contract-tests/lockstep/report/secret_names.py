"""Which members, headers and values are secrets, as far as their names or their form say."""

from __future__ import annotations

import re

from lockstep.openapi.document import Document
from lockstep.openapi.naming import words

HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "x-auth-token", "x-access-token"}
)
_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        password passwords passwd pwd passphrase passcode secret secrets token tokens jwt apikey
        credential credentials otp cvv ssn salt
        """,
    )
)
_KEYED = frozenset({"api", "access", "private", "secret", "session", "signing", "encryption"})
# With these a name is about a secret, or of a cursor, and holds none.
_ABOUT = frozenset(
    re.findall(
        r"\w+",
        """
        type count ttl url uri length policy required changed updated created expires expiry
        expiration limit used hint at in next page continuation previous prev cursor
        """,
    )
)
# A digest of a content is no secret, unless one side alone shows it.
_LEAKED = frozenset({"hash", "digest", "private", "salt", "internal", "iban", "card", "pin"})
_FORMS = re.compile(
    r"\$2[abxy]?\$\d\d\$.{20,}|\$argon2\w*\$.+|\$[156]\$.{8,}|\$?(pbkdf2|scrypt)[_:$-].{16,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY.*|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.DOTALL,
)


def is_secret_name(name: str, *, leaked: bool = False) -> bool:
    """Whether a member or a parameter of this name holds a secret: `accessToken`, `password_hash`.

    Of one that is `leaked`, shown by one side alone, less is enough: `hash`.
    """
    found = words(name)
    if not found or any(word in _ABOUT for word in found):
        return False
    keyed = found[-1] in ("key", "keys", "id") and any(word in _KEYED for word in found[:-1])
    return keyed or any(word in _WORDS or (leaked and word in _LEAKED) for word in found)


def is_secret_header(name: str) -> bool:
    """Whether a header of this name carries credentials; cookies are read apart."""
    lower = name.lower()
    if lower in HEADERS:
        return True
    return lower not in ("cookie", "set-cookie", "authorization-info") and is_secret_name(lower)


def key_names(document: Document) -> frozenset[str]:
    """The lower-cased names of headers, parameters and cookies that are a document's API keys."""
    schemes = document.raw.get("components", {}).get("securitySchemes", {})
    found = (document.resolve(scheme) for scheme in schemes.values())
    return frozenset(
        str(scheme.get("name", "")).lower() for scheme in found if scheme.get("type") == "apiKey"
    )


def is_secret_form(value: str) -> bool:
    """Whether a value itself says that it is secret: the hash of a password, a key, a JWT."""
    return _FORMS.fullmatch(value) is not None
