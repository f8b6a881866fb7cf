"""What the names of members and parameters say about their values."""

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
# What a server fills in by its own clock, not from what a client sent.
_MADE_TIMES = re.compile(
    r"(creat|made|updat|modif|insert|register|join|sign|publish|delet|issu|expir|login|seen|access)"
)
_UNIQUE = re.compile(
    r"mail|user|login|name|handle|nick|slug|phone|title|code|key|sku|serial", re.IGNORECASE
)
_SECRET = re.compile(r"password|secret", re.IGNORECASE)
# What operations are called with which users log in.
LOG_IN = re.compile(r"log-?_?in|sign-?_?in|sessions?$|tokens?$|authenticate|authorize|auth$", re.I)
# Words around the name of a thing in the name of a schema: `NewUser`, `UserResponse`, ...
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
# Members that only hold other things, and say nothing about what these are.
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
    """The lower-cased words of a name in any style: `userId`, `user_id`, `X-User-ID`."""
    return tuple(word.lower() for word in _WORD.findall(name))


@lru_cache(maxsize=20_000)
def singular(word: str) -> str:
    """An English noun without its plural ending, as far as spelling tells."""
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
    """The thing that a member, a parameter or a path segment is called after: `users` -> `user`."""
    found = words(name)
    return "".join((*found[:-1], singular(found[-1]))) if found else ""


@lru_cache(maxsize=20_000)
def thing(component: str) -> str:
    """The thing that a schema is about: `NewUser`, `UserResponse` and `Users` -> `user`."""
    found = list(words(component))
    while len(found) > 1 and found[-1] in _AROUND:
        found.pop()
    while len(found) > 1 and found[0] in _AROUND:
        found.pop(0)
    return "".join((*found[:-1], singular(found[-1]))) if found else ""


@lru_cache(maxsize=20_000)
def split(name: str) -> tuple[str, str]:
    """What a name is about, and which of its attributes: `author_id` -> (`author`, `id`).

    The first is empty if the name does not say, as in `id` and `slug`.
    """
    found = words(name)
    if not found:
        return "", ""
    about = "".join((*found[:-2], singular(found[-2]))) if len(found) > 1 else ""
    return about, _IDS.get(found[-1], found[-1])


def is_id(name: str) -> bool:
    """Whether a name is that of an identifier."""
    found = words(name)
    return bool(found) and found[-1] in _IDS


@lru_cache(maxsize=20_000)
def is_digest(name: str) -> bool:
    """Whether a name is that of a digest: `checksum`, `sha256`, `file_md5`, `Content-MD5`."""
    found = words(name)
    if found[-1:] in (("hex",), ("sum",)):
        found = found[:-1]
    return bool(found) and ("".join(found[-2:]) in _DIGESTS or found[-1] in _DIGESTS)


@lru_cache(maxsize=20_000)
def kind_of(name: str) -> str | None:
    """The kind of value that a name promises: `id`, `token`, `etag`, `time`, ...; else `None`."""
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
def is_made_time(name: str) -> bool:
    """Whether a time of this name comes from the server's clock: `created_at`, `lastSeen`."""
    return _MADE_TIMES.search(name.lower()) is not None


@lru_cache(maxsize=20_000)
def is_unique(name: str) -> bool:
    """Whether a server may take a value of this name only once: `email`, `slug`, `username`."""
    return _UNIQUE.search(name) is not None and _SECRET.search(name) is None
