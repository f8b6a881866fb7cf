"""HTTP Digest access authentication (RFC 7616)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lockstep.transport.messages import Outcome, Request, Response, header_values

# An unsigned request contains the user name and password, encoded as in HTTP Basic.
_OPEN = re.compile(r"Digest ([A-Za-z0-9+/]+=*)", re.IGNORECASE)
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[A-Za-z]|\s*(?:,|$))")
_PARAMETER = re.compile(r'([A-Za-z][\w*-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
# Strongest first (RFC 7616, 3.3); `hashlib` has SHA-512/256 only if OpenSSL provides it.
_ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_KNOWN = {name: own for name, own in _ALGORITHMS.items() if own in hashlib.algorithms_available}
_QUOTED = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A Digest challenge (RFC 7616, 3.3); `algorithm` is spelled as in the header field."""

    realm: str
    nonce: str
    algorithm: str = ""
    qop: str = ""
    opaque: str | None = None
    userhash: bool = False

    @property
    def strength(self) -> int:
        """The rank of the algorithm, 0 for the strongest; raises `ValueError` if it is unknown."""
        return list(_ALGORITHMS).index(self._base)

    @property
    def is_known(self) -> bool:
        """Whether its algorithm and quality of protection are supported."""
        return self._base in _KNOWN and self.qop in ("", "auth", "auth-int")

    @property
    def is_session(self) -> bool:
        """Whether it is a `-sess` algorithm, whose key includes both nonces."""
        return self.algorithm.upper().endswith("-SESS")

    @property
    def _base(self) -> str:
        return self.algorithm.upper().removesuffix("-SESS") or "MD5"

    def digest(self, *parts: bytes) -> bytes:
        """Return the hexadecimal digest of the parts, joined by colons."""
        return hashlib.new(_KNOWN[self._base], b":".join(parts)).hexdigest().encode()


def challenges(response: Response) -> Iterator[Challenge]:
    """Yield the supported Digest challenges of a response."""
    for value in header_values(response.headers, "www-authenticate"):
        starts = [match for match in _SCHEME.finditer(_blank(value)) if match[1]]
        ends = [*(match.start() for match in starts[1:]), len(value)]
        for match, end in zip(starts, ends, strict=True):
            if match[1].lower() != "digest":
                continue
            found = _challenge(value[match.end() : end])
            if found is not None and found.is_known:
                yield found


def answer(
    challenge: Challenge,
    user: bytes,
    password: bytes,
    request: Request,
    uri: str,
    *,
    count: int,
    cnonce: str,
) -> str:
    """Return the value of `Authorization` (RFC 7616, 3.4); `count` is the nonce count."""
    realm, nonce, client = (
        each.encode("latin-1") for each in (challenge.realm, challenge.nonce, cnonce)
    )
    key = challenge.digest(user, realm, password)
    if challenge.is_session:
        key = challenge.digest(key, nonce, client)
    target = [request.method.encode("latin-1"), uri.encode("latin-1", "surrogateescape")]
    if challenge.qop == "auth-int":
        target.append(challenge.digest(request.body or b""))
    hashed_target = challenge.digest(*target)
    nonce_count = f"{count:08x}"
    middle = [nonce_count.encode(), client, challenge.qop.encode()] if challenge.qop else []
    username = challenge.digest(user, realm) if challenge.userhash else user
    parameters: dict[str, str | None] = {
        "username": username.decode("latin-1"),
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "algorithm": challenge.algorithm or None,
        "response": challenge.digest(key, nonce, *middle, hashed_target).decode(),
        "opaque": challenge.opaque,
    }
    if challenge.qop:
        parameters |= {"qop": challenge.qop, "nc": nonce_count}
    if challenge.qop or challenge.is_session:
        parameters["cnonce"] = cnonce
    if challenge.userhash:
        parameters["userhash"] = "true"
    return "Digest " + ", ".join(
        f'{name}="{_escaped(text)}"' if name in _QUOTED else f"{name}={text}"
        for name, text in parameters.items()
        if text is not None
    )


class DigestClient:
    """Signs requests to one server, and reuses a nonce until it is rejected. Thread-safe.

    An unsigned request contains `Authorization: Digest ` with the user name and password, encoded
    as in HTTP Basic. So it can be compared, changed and sent to another server like any other.
    """

    def __init__(self, new_cnonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._challenge: Challenge | None = None
        self._count = 0
        self._new_cnonce = new_cnonce
        self._lock = threading.Lock()

    def sign(self, request: Request, uri: str) -> Request:
        """Return the signed request; without credentials as long as there was no challenge."""
        account = account_of(request.header("authorization") or "")
        if account is None:
            return request
        with self._lock:
            challenge = self._challenge
            self._count += 1
            count = self._count
        if challenge is None:
            return request.without_header("Authorization")
        made = answer(challenge, *account, request, uri, count=count, cnonce=self._new_cnonce())
        return request.with_header("Authorization", made)

    def learn(self, request: Request, outcome: Outcome) -> bool:
        """Store the challenge of a 401 response; true if the request should be sent again."""
        if not isinstance(outcome, Response) or outcome.status != 401:
            return False
        if account_of(request.header("authorization") or "") is None:
            return False
        found = min(challenges(outcome), key=lambda each: each.strength, default=None)
        if found is None:
            return False
        with self._lock:
            if self._challenge is None or found.nonce != self._challenge.nonce:
                self._count = 0
            self._challenge = found
        return True


def account_of(header: str) -> tuple[bytes, bytes] | None:
    """Return the user name and password in the `Authorization` of an unsigned request."""
    found = _OPEN.fullmatch(header)
    if found is None:
        return None
    try:
        user, _, password = base64.b64decode(found[1], validate=True).partition(b":")
    except binascii.Error:
        return None
    return user, password


def _challenge(text: str) -> Challenge | None:
    found = {
        name.lower(): _unescaped(quoted) if quoted or not bare else bare
        for name, quoted, bare in _PARAMETER.findall(text)
    }
    if "nonce" not in found:
        return None
    # `auth` is preferred to `auth-int`; servers before RFC 2617 send no `qop`.
    options = [option.strip().lower() for option in found.get("qop", "").split(",")]
    options = [option for option in options if option]
    return Challenge(
        realm=found.get("realm", ""),
        nonce=found["nonce"],
        algorithm=found.get("algorithm", ""),
        qop="auth" if "auth" in options else next(iter(options), ""),
        opaque=found.get("opaque"),
        userhash=found.get("userhash", "").lower() == "true",
    )


def _blank(value: str) -> str:
    """Blank the quoted strings of a header value, which could look like schemes; same length."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: '"' + "_" * (len(match[0]) - 2) + '"', value)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
