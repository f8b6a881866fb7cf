"""Credentials of users, and their location in requests."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote, unquote

from lockstep.transport.cookies import CookieJar
from lockstep.transport.messages import Outcome, Request, Response


@dataclass(frozen=True, slots=True)
class Credential:
    """How a token is sent: in a header, a cookie or a query parameter (OpenAPI, `securitySchemes`).

    `form` is the value with the placeholder `{token}`. If several secrets are required, `also` has
    the credentials of the others, and the token consists of one line for each.
    """

    location: Literal["header", "cookie", "query"] = "header"
    name: str = "Authorization"
    form: str = "Bearer {token}"
    also: tuple[Credential, ...] = ()

    def __str__(self) -> str:
        return " and ".join([self._redacted(), *map(str, self.also)])

    def _redacted(self) -> str:
        value = self.form.format(token="…")
        match self.location:
            case "header":
                return f"{self.name}: {value}"
            case "cookie":
                return f"Cookie: {self.name}={value}"
            case _:
                return f"?{self.name}={value}"

    def value(self, request: Request) -> str | None:
        """Return the value of the credential in a request, `None` if there is none."""
        if self.location == "header":
            return request.header(self.name)
        pairs = self._cookies(request) if self.location == "cookie" else _query(request)
        found = (pair.partition("=")[2] for pair in pairs if self._is_named(pair))
        value = next(found, None)
        return unquote(value) if value is not None and self.location == "query" else value

    def put(self, request: Request, token: str) -> Request:
        """Return the request with the token, which replaces another one."""
        first, *others = token.split("\n")
        signed = self._put(self.remove(request), self.form.format(token=first))
        for credential, own in zip(self.also, others, strict=False):
            signed = credential.put(signed, own)
        return signed

    def _put(self, bare: Request, value: str) -> Request:
        if self.location == "header":
            return bare.with_header(self.name, value)
        if self.location == "cookie":
            others = bare.header("cookie")
            pair = f"{self.name}={value}"
            return bare.with_header("Cookie", f"{others}; {pair}" if others else pair)
        joint = "&" if "?" in bare.path else "?"
        return replace(bare, path=f"{bare.path}{joint}{quote(self.name)}={quote(value, safe='')}")

    def remove(self, request: Request) -> Request:
        """Return the request without the credential."""
        for credential in self.also:
            request = credential.remove(request)
        if self.location == "query":
            path = request.path.partition("?")[0]
            kept = [part for part in _query(request) if not self._is_named(part)]
            return replace(request, path="?".join([path, "&".join(kept)] if kept else [path]))
        name = "cookie" if self.location == "cookie" else self.name.lower()
        headers = tuple(item for item in request.headers if item[0].lower() != name)
        if self.location == "cookie":
            pairs = [pair for pair in self._cookies(request) if not self._is_named(pair)]
            if pairs:
                headers = (*headers, ("Cookie", "; ".join(pairs)))
        return replace(request, headers=headers)

    def is_in(self, request: Request) -> bool:
        """Whether the request contains the credential."""
        return self.value(request) is not None

    def _cookies(self, request: Request) -> list[str]:
        values = (value for name, value in request.headers if name.lower() == "cookie")
        pairs = (pair.strip() for value in values for pair in value.split(";"))
        return [pair for pair in pairs if pair]

    def _is_named(self, pair: str) -> bool:
        name = pair.partition("=")[0]
        return name in (self.name, quote(self.name))


def _query(request: Request) -> list[str]:
    return [part for part in request.path.partition("?")[2].split("&") if part]


def read_basic(value: str) -> str | None:
    """Return the `user:password` in a header of HTTP Basic (RFC 7617), `None` for other values."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def basic(account: str) -> str:
    """Return the header of HTTP Basic for a `user:password`."""
    return f"Basic {base64.b64encode(account.encode()).decode('ascii')}"


BEARER = Credential()
BASIC = Credential(form="Basic {token}")
# The value that is sent is computed for each request; see `DigestClient`.
DIGEST = Credential(form="Digest {token}")
# Their token consists of the user name and the password.
ACCOUNTS = (BASIC, DIGEST)
# The location of the token is not known yet.
UNKNOWN = Credential(name="", form="")


@dataclass(slots=True)
class Identity:
    """The credentials of a user: tokens and cookie jars by target name.

    `source` is the place of the token in the response to a log-in. Later responses may replace a
    token (see `absorb`), and several users may share one token.
    """

    credential: Credential
    tokens: Mapping[str, str]
    jars: Mapping[str, CookieJar] = field(default_factory=dict)
    source: str = ""
    _past: set[tuple[str, str]] = field(default_factory=set)

    def token(self, target: str) -> str:
        """Return the current token for a target; raise `KeyError` for an unknown target."""
        first, *others = self.tokens[target].split("\n")
        if self.credential.location == "cookie" and target in self.jars:
            first = self.jars[target].cookies.get(self.credential.name, first)
        return "\n".join([first, *others])

    def put(self, request: Request, target: str) -> Request:
        """Return the request with all credentials for a target, including cookies."""
        signed = self.credential.put(request, self.token(target))
        jar = self.jars.get(target)
        return jar.put(signed) if jar is not None else signed

    def signed(self, request: Request, target: str) -> bool:
        """Whether a request contains a current or former token of a target."""
        if target not in self.tokens:
            return False
        past = (token for name, token in tuple(self._past) if name == target)
        known = {self.tokens[target], self.token(target), *past}
        forms = {self.credential.form.format(token=token.partition("\n")[0]) for token in known}
        return self.credential.value(request) in forms

    def translate(self, request: Request, own: Request, target: str, leader: str) -> Request:
        """Return `own`, the request for a target, with the leader's credentials replaced.

        `request` is the corresponding request for the leader: two of its tokens may correspond to
        one of the target, or the other way round. Nothing is added, and unknown values remain
        unchanged.
        """
        jar = self.jars.get(target)
        is_cookie = self.credential.location == "cookie"
        in_jar = is_cookie and jar is not None and self.credential.name in jar.cookies
        if self.signed(request, leader) and target in self.tokens and not in_jar:
            own = self.credential.put(own, self.token(target))
        return jar.renew(own, self.jars.get(leader)) if jar is not None else own

    def absorb(self, request: Request, outcome: Outcome, target: str) -> None:
        """Store the cookies that a target sets in its response to a request of this user.

        Cookies of responses to requests with other credentials are ignored.
        """
        jar = self.jars.get(target)
        if jar is not None and isinstance(outcome, Response) and self.signed(request, target):
            self._past.add((target, self.token(target)))
            keep = self.credential.name if self.credential.location == "cookie" else ""
            jar.absorb(outcome, keep)
