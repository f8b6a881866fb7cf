"""Infers what values are from the names of members, parameters and schemas."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDS = {"id": "id", "ids": "id", "uuid": "uuid", "uuids": "uuid", "guid": "uuid", "pk": "id"}
_TOKENS = frozenset({"token", "tokens", "jwt", "secret", "nonce", "csrf", "apikey", "session"})
_KEYED = frozenset({"api", "access", "secret", "private", "session"})
_DIGESTS = frozenset(
    {"hash", "checksum", "digest", "fingerprint", "signature", "md5", "crc", "crc32"}
    | {"sha", "sha1", "sha256", "sha384", "sha512"}
)
_TIMES = frozenset(
    {"at", "time", "timestamp", "datetime", "date", "on", "created", "updated", "modified"}
    | {"since", "until", "expires", "expiry", "expiration", "iat", "exp", "nbf"}
)
_ELAPSED = frozenset({"uptime", "elapsed", "took", "latency", "ms", "runtime"})
_CURSORS = frozenset({"cursor", "continuation", "next", "prev", "previous", "after", "before"})
# Timestamps that a server sets from its own clock, not from a request.
_MADE_TIMES = re.compile(
    r"(creat|made|updat|modif|insert|register|join|sign|publish|delet|issu|expir|login|seen|access)"
)
# Since when a server runs; also the date of a file that it was installed with. What merely starts
# at a time, such as an event, may be any resource.
_START_TIMES = re.compile(
    r"^(?:(?:server|service|process|app|system)_?(?:start|started|boot|booted|launched)|boot|booted"
    r"|started|launched)_?(?:at|on|time|date|timestamp|since)?$"
    r"|^(?:up|running|online)_?since$|^last-modified$"
)
_UNIQUE = re.compile(
    r"mail|user|login|name|handle|nick|slug|phone|title|code|key|sku|serial|reference"
    r"|isbn|issn|iban|gtin|vin$|plate$|[a-z]_?number$",
    re.IGNORECASE,
)
# Codes that many resources share: each belongs to a place, a language, or a kind of something; and
# numbers that count within something else.
_SHARED = re.compile(
    r"(post(al)?|zip|area|dial(ling|ing)?|country|region|state|currency|lang(uage)?|locale|status"
    r"|reason|error|type)[_-]?codes?$|postcode$"
    r"|(page|line|house|street|version)_?number$|template$",
    re.IGNORECASE,
)
_SECRET = re.compile(r"password|secret", re.IGNORECASE)
_SEPARATORS = re.compile(r"(?<=[0-9A-Za-z])[ -](?=[0-9A-Za-z])")
_RETRIED = re.compile(r"(?:x-)?idempoten(?:cy|t)-?(?:key|token|id)", re.IGNORECASE)
# Names of operations that log a user in.
LOG_IN = re.compile(r"log-?_?in|sign-?_?in|sessions?$|tokens?$|authenticate|authorize|auth$", re.I)
# Prefixes and suffixes of the resource in a schema's name: `NewUser`, `UserResponse`, ...
_AROUND = frozenset(
    re.findall(
        r"\w+",
        """
        response request output out input in read write create created update updated new dto
        model schema resource detail details summary full base public private view list page
        paginated single multiple collection envelope wrapper result results data object entity
        db partial patch body payload login with of the get post put
        """,
    )
)
# Members that only wrap other values, and do not say what these are.
TRANSPARENT = frozenset(
    re.findall(
        r"\w+",
        """
        data items results result list records record payload content response value values node
        nodes edges edge body object embedded attributes rows docs hits
        """,
    )
)


@lru_cache(maxsize=20_000)
def words(name: str) -> tuple[str, ...]:
    """Split a name in any style (`userId`, `user_id`, `X-User-ID`) into lower-cased words."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """Return the singular of an English noun, by its spelling."""
    if word.endswith(("ss", "us", "is")) or len(word) < 4 or word in ("news", "series"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


def is_plural(word: str) -> bool:
    """Whether a word is spelled like a plural."""
    return singular(word) != word


@lru_cache(maxsize=20_000)
def noun(name: str) -> str:
    """Return the singular noun in a member, parameter or path segment name: `users` -> `user`."""
    found = words(name)
    return "".join((*found[:-1], singular(found[-1]))) if found else ""


@lru_cache(maxsize=20_000)
def thing(component: str) -> str:
    """Return the resource in a schema name: `NewUser`, `UserResponse` and `Users` -> `user`."""
    found = list(words(component))
    while len(found) > 1 and found[-1] in _AROUND:
        found.pop()
    while len(found) > 1 and found[0] in _AROUND:
        found.pop(0)
    return "".join((*found[:-1], singular(found[-1]))) if found else ""


@lru_cache(maxsize=20_000)
def split(name: str) -> tuple[str, str]:
    """Split a name into a resource and its attribute: `author_id` -> (`author`, `id`).

    The resource is empty if the name does not contain one, as in `id` and `slug`.
    """
    found = words(name)
    if not found:
        return "", ""
    about = "".join((*found[:-2], singular(found[-2]))) if len(found) > 1 else ""
    return about, _IDS.get(found[-1], found[-1])


def is_id(name: str) -> bool:
    """Whether a value of this name is an identifier."""
    found = words(name)
    return bool(found) and found[-1] in _IDS


@lru_cache(maxsize=20_000)
def is_digest(name: str) -> bool:
    """Whether a value of this name is a digest: `checksum`, `sha256`, `file_md5`, `Content-MD5`."""
    found = words(name)
    if found[-1:] in (("hex",), ("sum",)):
        found = found[:-1]
    return bool(found) and ("".join(found[-2:]) in _DIGESTS or found[-1] in _DIGESTS)


@lru_cache(maxsize=20_000)
def kind_of(name: str) -> str | None:
    """Return the kind of value that a name implies: `id`, `token`, `etag`, ...; else `None`."""
    found = words(name)
    if not found:
        return None
    last, before = found[-1], found[-2] if len(found) > 1 else ""
    if last in _IDS:
        return "id"
    if (before, last) in (("expires", "in"), ("retry", "after")) or last in _ELAPSED:
        return "elapsed"
    if last == "token" and before in ("page", "next", "continuation"):
        return "cursor"
    if is_digest(name):
        return "digest"
    if last in _TOKENS or (last == "key" and before in _KEYED):
        return "token"
    if "".join(found[-2:]) == "etag":
        return "etag"
    kinds = (("time", _TIMES), ("cursor", _CURSORS))
    return next((kind for kind, known in kinds if last in known), None)


@lru_cache(maxsize=20_000)
def is_page_cursor(name: str) -> bool:
    """Whether a value of this name can only be a cursor: `next_cursor`, but not `next`."""
    found = words(name)
    return kind_of(name) == "cursor" and (found[-1] in ("cursor", "continuation", "token"))


@lru_cache(maxsize=20_000)
def is_made_time(name: str) -> bool:
    """Whether a time of this name is set by the server's clock: `created_at`, `lastSeen`."""
    return _MADE_TIMES.search(name.lower()) is not None


@lru_cache(maxsize=20_000)
def is_start_time(name: str) -> bool:
    """Whether a time of this name may be when a server was started, or installed: `startedAt`."""
    return _START_TIMES.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()) is not None


@lru_cache(maxsize=20_000)
def is_unique(name: str) -> bool:
    """Whether a value of this name may have to be unique: `email`, `slug`, `username`."""
    shared = _SECRET.search(name) or _SHARED.search(name)
    return _UNIQUE.search(name) is not None and shared is None


def is_idempotency_key(name: str) -> bool:
    """Whether a header of this name holds a key by which a retry is recognised."""
    return _RETRIED.fullmatch(name) is not None


def without_separators(text: str) -> str:
    """Return a text without the spaces and hyphens in it, as ISBNs and phone numbers are kept."""
    return _SEPARATORS.sub("", text)
