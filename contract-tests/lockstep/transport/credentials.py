"""Where a request carries the token of its user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote, unquote

from lockstep.transport.cookies import CookieJar
from lockstep.transport.messages import Outcome, Request, Response


@dataclass(frozen=True, slots=True)
class Credential:
    """How a token is sent: in a header, a cookie or a query parameter (OpenAPI, `securitySchemes`).

    `form` is the value with `{token}` in place of the token. Where one secret is not enough, `also`
    says how the others are sent; the token then has a line for each.
    """

    location: Literal["header", "cookie", "query"] = "header"
    name: str = "Authorization"
    form: str = "Bearer {token}"
    also: tuple[Credential, ...] = ()

    def __str__(self) -> str:
        return " and ".join([self._shown(), *map(str, self.also)])

    def _shown(self) -> str:
        shown = self.form.format(token="…")
        match self.location:
            case "header":
                return f"{self.name}: {shown}"
            case "cookie":
                return f"Cookie: {self.name}={shown}"
            case _:
                return f"?{self.name}={shown}"

    def value(self, request: Request) -> str | None:
        """What the request has at the credential's place, `None` if it has nothing."""
        if self.location == "header":
            return request.header(self.name)
        pairs = self._cookies(request) if self.location == "cookie" else _query(request)
        found = (pair.partition("=")[2] for pair in pairs if self._is_named(pair))
        value = next(found, None)
        return unquote(value) if value is not None and self.location == "query" else value

    def put(self, request: Request, token: str) -> Request:
        """The request with the token at its place, instead of what was there."""
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
        """The request with nothing at the credential's place."""
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
        """Whether the request has something at the credential's place."""
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


BEARER = Credential()
BASIC = Credential(form="Basic {token}")
# What is sent in its place is worked out for each request; see `DigestClient`.
DIGEST = Credential(form="Digest {token}")
# The token of these is the user's name and password.
ACCOUNTS = (BASIC, DIGEST)
# How the token is sent is yet to be found out.
UNKNOWN = Credential(name="", form="")


@dataclass(slots=True)
class Identity:
    """A user as each target knows it: the tokens and the jars are by target name.

    `source` is where the answer to a log-in has the token. Later answers may replace a token (see
    `absorb`), and one token may be that of several users.
    """

    credential: Credential
    tokens: Mapping[str, str]
    jars: Mapping[str, CookieJar] = field(default_factory=dict)
    source: str = ""
    _past: set[tuple[str, str]] = field(default_factory=set)

    def token(self, target: str) -> str:
        """The token that counts at one target now; `KeyError` for an unknown one."""
        first, *others = self.tokens[target].split("\n")
        if self.credential.location == "cookie" and target in self.jars:
            first = self.jars[target].cookies.get(self.credential.name, first)
        return "\n".join([first, *others])

    def put(self, request: Request, target: str) -> Request:
        """The request with everything that shows one target who sends it, cookies and all."""
        signed = self.credential.put(request, self.token(target))
        jar = self.jars.get(target)
        return jar.put(signed) if jar is not None else signed

    def signed(self, request: Request, target: str) -> bool:
        """Whether a request carries a token that one target gave out, now or before."""
        if target not in self.tokens:
            return False
        past = (token for name, token in tuple(self._past) if name == target)
        known = {self.tokens[target], self.token(target), *past}
        forms = {self.credential.form.format(token=token.partition("\n")[0]) for token in known}
        return self.credential.value(request) in forms

    def translate(self, request: Request, own: Request, target: str, leader: str) -> Request:
        """A request `own` to one target, with what that target gave out in the leader's places.

        `request` is what the leader gets, since two of its tokens may be known by one name at the
        target, or the other way round. Nothing is added, and foreign values stay as they are.
        """
        jar = self.jars.get(target)
        is_cookie = self.credential.location == "cookie"
        in_jar = is_cookie and jar is not None and self.credential.name in jar.cookies
        if self.signed(request, leader) and target in self.tokens and not in_jar:
            own = self.credential.put(own, self.token(target))
        return jar.renew(own, self.jars.get(leader)) if jar is not None else own

    def absorb(self, request: Request, outcome: Outcome, target: str) -> None:
        """Take in the cookies that a target sets in its answer to a request of this user.

        What it sets for a request with other credentials is somebody else's.
        """
        jar = self.jars.get(target)
        if jar is not None and isinstance(outcome, Response) and self.signed(request, target):
            self._past.add((target, self.token(target)))
            keep = self.credential.name if self.credential.location == "cookie" else ""
            jar.absorb(outcome, keep)
