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
from ..utils.errors import InvalidTokenError
from ..utils.identifiers import new_id
from ..utils.json_schema import Validator

# A signature is checked once, and not for each request that a client sends with it.
VERIFIED_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose access token it is, of which session, and its end in seconds since 1970."""

    user_id: str
    session_id: str
    expires_at: int


class _Process:
    settings: Settings
    rules: dict[str, Any]
    leeway: int
    refresh_rules: dict[str, Any]
    token: Validator
    id: Validator


def configure(contract: Contract, settings: Settings) -> None:
    """Takes the form of tokens from the contract, the key and the lifetimes from the settings."""
    _Process.settings = settings
    _Process.rules = contract["x-access-token"]
    _Process.leeway = contract["x-limits"]["clock_leeway_seconds"]
    _Process.refresh_rules = contract["x-refresh-token"]
    tokens = "#/components/schemas/Tokens/properties/access_token"
    _Process.token = contract.reader.validator({"$ref": tokens}, "header")
    _Process.id = contract.reader.validator({"$ref": "#/components/schemas/Id"}, "header")
    _verify.cache_clear()


def make_access_token(user_id: str, session_id: str) -> str:
    """Signs an access token that is good from now on, for `access_token_lifetime` seconds."""
    now = int(time.time())
    values = {
        "iss": _Process.rules["issuer"],
        "aud": _Process.rules["audience"],
        "sub": user_id,
        "sid": session_id,
        "jti": new_id(),
        "iat": now,
        "exp": now + access_token_lifetime(),
    }
    claims = {name: values[name] for name in _Process.rules["claims"]}
    return jwt.encode(claims, _Process.settings.secret_key, _Process.rules["algorithm"])


def read_access_token(token: str) -> Claims:
    """Verifies an access token. Raises InvalidTokenError where anything about it is wrong."""
    claims = _verify(token)
    if claims.expires_at <= time.time() - _Process.leeway:
        raise InvalidTokenError
    return claims


def access_token_lifetime() -> int:
    """Gives the seconds for which an access token is good."""
    return _Process.settings.access_token_seconds


def refresh_token_lifetime() -> int:
    """Gives the seconds for which a refresh token is good."""
    return _Process.settings.refresh_token_seconds


def make_refresh_token() -> str:
    """Makes a refresh token of random bytes in base64url."""
    return secrets.token_urlsafe(_Process.refresh_rules["random_bytes"])


def hash_refresh_token(token: str) -> bytes:
    """Gives what is stored of a refresh token: the digest of its text that the contract names."""
    return hashlib.new(_Process.refresh_rules["stored_as"], token.encode()).digest()


@functools.lru_cache(VERIFIED_TOKENS)
def _verify(token: str) -> Claims:
    if _Process.token.violations(token):
        raise InvalidTokenError
    try:
        claims = jwt.decode(
            token,
            _Process.settings.secret_key,
            algorithms=[_Process.rules["algorithm"]],
            audience=_Process.rules["audience"],
            issuer=_Process.rules["issuer"],
            leeway=_Process.leeway,
            options={"require": _Process.rules["claims"], "verify_iat": False},
        )
    except jwt.InvalidTokenError as error:
        raise InvalidTokenError from error
    if not _are_well_formed(claims):
        raise InvalidTokenError
    return Claims(claims["sub"], claims["sid"], claims["exp"])


def _are_well_formed(claims: dict[str, Any]) -> bool:
    ids = (claims["sub"], claims["sid"], claims["jti"])
    times = (claims["iat"], claims["exp"])
    return (
        claims["aud"] == _Process.rules["audience"]
        and not any(_Process.id.violations(value) for value in ids)
        and all(type(value) is int for value in times)
    )
