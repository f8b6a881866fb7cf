"""Access tokens (JWT, RFC 7519) and refresh tokens."""

import functools
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any

import jwt

from ..config import Settings
from ..contract import Contract
from ..current import resources
from ..utils.errors import InvalidTokenError
from ..utils.identifiers import new_id

# A signature is verified once, not for each request that carries it.
VERIFIED_TOKENS = 1000
FORM = "#/components/schemas/Tokens/properties/access_token"


@dataclass(frozen=True, slots=True)
class Claims:
    """The user and the session of an access token, and its expiry in seconds since 1970."""

    user_id: str
    session_id: str
    expires_at: int


class TokenRules:
    """The format of tokens from the contract, the keys and the lifetimes from the settings."""

    def __init__(self, settings: Settings, contract: Contract) -> None:
        self.access: dict[str, Any] = contract["x-access-token"]
        self.key = settings.secret_key
        self.key_id = self._id_of(self.key)
        self.keys = {self._id_of(key): key for key in (*settings.secret_key_previous, self.key)}
        self.refresh: dict[str, Any] = contract["x-refresh-token"]
        self.leeway: int = contract["x-limits"]["clock_leeway_seconds"]
        self.form = contract.reader.validator({"$ref": FORM}, "header")
        self.id = contract.reader.validator({"$ref": "#/components/schemas/Id"}, "header")
        self.verified = functools.lru_cache(VERIFIED_TOKENS)(functools.partial(_verify, self))

    def _id_of(self, key: str) -> str:
        return hashlib.sha256(key.encode()).digest()[: self.access["key_id_bytes"]].hex()


def make_access_token(user_id: str, session_id: str, lifetime: int) -> str:
    """Signs an access token that is valid from now on, for `lifetime` seconds."""
    rules = resources().tokens
    now = int(time.time())
    values = {
        "iss": rules.access["issuer"],
        "aud": rules.access["audience"],
        "sub": user_id,
        "sid": session_id,
        "jti": new_id(),
        "iat": now,
        "exp": now + lifetime,
    }
    claims = {name: values[name] for name in rules.access["claims"]}
    return jwt.encode(claims, rules.key, rules.access["algorithm"], {"kid": rules.key_id})


def read_access_token(token: str) -> Claims:
    """Verifies an access token. Raises InvalidTokenError."""
    rules = resources().tokens
    claims = rules.verified(token)
    if claims.expires_at <= time.time() - rules.leeway:
        raise InvalidTokenError
    return claims


def access_token_lifetime() -> int:
    """Returns the lifetime of an access token, in seconds."""
    return resources().settings.access_token_seconds


def refresh_token_lifetime() -> int:
    """Returns the lifetime of a refresh token, in seconds."""
    return resources().settings.refresh_token_seconds


def refresh_grace() -> int:
    """Returns how long a used refresh token can be used again, in seconds."""
    return resources().settings.refresh_grace_seconds


def session_lifetime() -> int:
    """Returns the lifetime of a session, in seconds."""
    return resources().settings.session_seconds


def make_refresh_token() -> str:
    """Generates a refresh token of random bytes in base64url."""
    return secrets.token_urlsafe(resources().tokens.refresh["random_bytes"])


def hash_refresh_token(token: str) -> bytes:
    """Returns the digest of a refresh token, which is stored in its place."""
    return hashlib.new(resources().tokens.refresh["stored_as"], token.encode()).digest()


def _verify(rules: TokenRules, token: str) -> Claims:
    if rules.form.violations(token):
        raise InvalidTokenError
    try:
        verified = jwt.decode_complete(
            token,
            _key_of(rules, token),
            algorithms=[rules.access["algorithm"]],
            audience=rules.access["audience"],
            issuer=rules.access["issuer"],
            leeway=rules.leeway,
            options={"require": rules.access["claims"], "verify_iat": False},
        )
    except jwt.InvalidTokenError as error:
        raise InvalidTokenError from error
    claims = verified["payload"]
    header = {name: value for name, value in verified["header"].items() if name != "kid"}
    expected = {"alg": rules.access["algorithm"], "typ": rules.access["type"]}
    if header != expected or not _are_well_formed(rules, claims):
        raise InvalidTokenError
    return Claims(claims["sub"], claims["sid"], claims["exp"])


def _key_of(rules: TokenRules, token: str) -> str:
    key = rules.keys.get(jwt.get_unverified_header(token).get("kid", rules.key_id))
    if key is None:
        raise InvalidTokenError
    return key


def _are_well_formed(rules: TokenRules, claims: dict[str, Any]) -> bool:
    ids = (claims["sub"], claims["sid"], claims["jti"])
    times = (claims["iat"], claims["exp"])
    return (
        claims["aud"] == rules.access["audience"]
        and not any(rules.id.violations(value) for value in ids)
        and all(type(value) is int for value in times)
    )
