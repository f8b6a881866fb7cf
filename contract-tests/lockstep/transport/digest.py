"""HTTP Digest (RFC 7616): answers to the challenges of one server."""

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

# How a request names its user until it is known which challenge there is: as HTTP Basic would.
_OPEN = re.compile(r"Digest ([A-Za-z0-9+/]+=*)", re.IGNORECASE)
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[A-Za-z]|\s*(?:,|$))")
_PARAMETER = re.compile(r'([A-Za-z][\w*-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
# The strongest first (RFC 7616, 3.3); `hashlib` has the second one by grace of OpenSSL only.
_ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_KNOWN = {name: own for name, own in _ALGORITHMS.items() if own in hashlib.algorithms_available}
_QUOTED = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants to have an answer to (RFC 7616, 3.3); `algorithm` as it is written."""

    realm: str
    nonce: str
    algorithm: str = ""
    qop: str = ""
    opaque: str | None = None
    userhash: bool = False

    @property
    def strength(self) -> int:
        """The place of the algorithm, the strongest first; `ValueError` for an unknown one."""
        return list(_ALGORITHMS).index(self._base)

    @property
    def is_known(self) -> bool:
        """Whether an answer to it can be computed."""
        return self._base in _KNOWN and self.qop in ("", "auth", "auth-int")

    @property
    def is_session(self) -> bool:
        """Whether the key is made from both nonces as well."""
        return self.algorithm.upper().endswith("-SESS")

    @property
    def _base(self) -> str:
        return self.algorithm.upper().removesuffix("-SESS") or "MD5"

    def digest(self, *parts: bytes) -> bytes:
        """The hexadecimal digest of parts that are joined by colons."""
        return hashlib.new(_KNOWN[self._base], b":".join(parts)).hexdigest().encode()


def challenges(response: Response) -> Iterator[Challenge]:
    """Every Digest challenge of an answer to which there can be an answer."""
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
    """The value of `Authorization` (RFC 7616, 3.4); `count` says how often the nonce was used."""
    realm, nonce, client = (
        each.encode("latin-1") for each in (challenge.realm, challenge.nonce, cnonce)
    )
    key = challenge.digest(user, realm, password)
    if challenge.is_session:
        key = challenge.digest(key, nonce, client)
    target = [request.method.encode("latin-1"), uri.encode("latin-1", "surrogateescape")]
    if challenge.qop == "auth-int":
        target.append(challenge.digest(request.body or b""))
    asked = challenge.digest(*target)
    times = f"{count:08x}"
    middle = [times.encode(), client, challenge.qop.encode()] if challenge.qop else []
    shown = challenge.digest(user, realm) if challenge.userhash else user
    told: dict[str, str | None] = {
        "username": shown.decode("latin-1"),
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "algorithm": challenge.algorithm or None,
        "response": challenge.digest(key, nonce, *middle, asked).decode(),
        "opaque": challenge.opaque,
    }
    if challenge.qop:
        told |= {"qop": challenge.qop, "nc": times}
    if challenge.qop or challenge.is_session:
        told["cnonce"] = cnonce
    if challenge.userhash:
        told["userhash"] = "true"
    return "Digest " + ", ".join(
        f'{name}="{_escaped(text)}"' if name in _QUOTED else f"{name}={text}"
        for name, text in told.items()
        if text is not None
    )


class DigestClient:
    """Answers the challenges of one server, each nonce as long as it is taken; for threads.

    A request that is to be signed carries `Authorization: Digest ` and the user and the password
    as HTTP Basic has them. So it can be compared, changed and sent to another server like any.
    """

    def __init__(self, new_cnonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._challenge: Challenge | None = None
        self._count = 0
        self._new_cnonce = new_cnonce
        self._lock = threading.Lock()

    def sign(self, request: Request, uri: str) -> Request:
        """The request as it is sent; without credentials as long as there was no challenge."""
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
        """Take a new challenge; whether it makes sense to send the request again."""
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
    """The user and the password in a header of a request that is yet to be signed."""
    found = _OPEN.fullmatch(header)
    if found is None:
        return None
    try:
        user, _, password = base64.b64decode(found[1], validate=True).partition(b":")
    except binascii.Error:
        return None
    return user, password


def _challenge(text: str) -> Challenge | None:
    told = {
        name.lower(): _unescaped(quoted) if quoted or not bare else bare
        for name, quoted, bare in _PARAMETER.findall(text)
    }
    if "nonce" not in told:
        return None
    # Of several ways the plain one; servers before RFC 2617 name none.
    ways = [way.strip().lower() for way in told.get("qop", "").split(",") if way.strip()]
    return Challenge(
        realm=told.get("realm", ""),
        nonce=told["nonce"],
        algorithm=told.get("algorithm", ""),
        qop="auth" if "auth" in ways else next(iter(ways), ""),
        opaque=told.get("opaque"),
        userhash=told.get("userhash", "").lower() == "true",
    )


def _blank(value: str) -> str:
    """A header of the same length in which no quoted text can be taken for a scheme."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: '"' + "_" * (len(match[0]) - 2) + '"', value)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
