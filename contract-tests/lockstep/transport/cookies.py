"""The cookies of one user on one target, with their CSRF token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response, header_values

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CSRF = re.compile(r"csrf|xsrf", re.IGNORECASE)
_REFRESH = re.compile(r"refresh", re.IGNORECASE)
# May contain the secret that tokens are derived from: only used if there is no other token.
_SECRETS = frozenset({"_csrf", "csrf_secret"})
_USUAL_HEADER = "X-CSRF-Token"
_HEADERS = {"csrftoken": "X-CSRFToken", "xsrf-token": "X-XSRF-TOKEN"}
_INPUT = re.compile(
    rb"<(?:input|meta)\b[^>]*\b(?:name|id)=[\"']?[\w-]*(?:csrf|xsrf)[\w-]*[\"']?[^>]*>",
    re.IGNORECASE,
)
_INPUT_VALUE = re.compile(rb"\b(?:value|content)=[\"']([^\"']+)[\"']", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie from `Set-Cookie`.

    Attribute names are lower-cased; those without a value map to an empty string.
    """

    name: str
    value: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def is_cleared(self) -> bool:
        """Whether this `Set-Cookie` deletes the cookie (RFC 6265, 5.3)."""
        age = self.attributes.get("max-age", "")
        if re.fullmatch(r"-?\d+", age):
            return int(age) <= 0
        try:
            return parsedate_to_datetime(self.attributes["expires"]) <= datetime.now(UTC)
        except (KeyError, TypeError, ValueError):
            return not self.value


def read_cookie(header: str) -> Cookie:
    """Parse a `Set-Cookie` value as leniently as browsers; malformed parts are kept as they are."""
    pair, *attributes = header.split(";")
    name, _, value = pair.partition("=")
    read = (attribute.partition("=") for attribute in attributes)
    return Cookie(
        name.strip(),
        value.strip(),
        {key.strip().lower(): text.strip() for key, _, text in read},
    )


def set_cookies(response: Response) -> Iterator[Cookie]:
    """Yield the cookies that a response sets or deletes."""
    return map(read_cookie, header_values(response.headers, "set-cookie"))


def is_csrf(name: str) -> bool:
    """Whether a header, cookie or member of this name contains a CSRF token."""
    return _CSRF.search(name) is not None


def sent_cookies(request: Request) -> dict[str, str]:
    """Return the cookies of a request by name."""
    values = header_values(request.headers, "cookie")
    pairs = (pair.strip().partition("=") for value in values for pair in value.split(";"))
    return {name: value for name, sign, value in pairs if sign}


def with_cookies(request: Request, cookies: dict[str, str]) -> Request:
    """Return the request with exactly these cookies."""
    if not cookies:
        return request.without_header("Cookie")
    return request.with_header("Cookie", "; ".join(f"{k}={v}" for k, v in cookies.items()))


@dataclass(slots=True)
class CookieJar:
    """The cookies that one target has set for one user.

    The CSRF token is that of a cookie with such a name, else that of a body (`take_token`); it is
    sent as `csrf_header`, or as the usual header for the cookie's name. Cookies are sent with every
    request regardless of their path and domain, as all belong to one server. Thread-safe, but a
    reader may already see the cookies of a response that another thread is storing.
    """

    csrf_header: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    _token: str = ""
    _past: set[str] = field(default_factory=set)

    def absorb(self, response: Response, keep: str = "") -> None:
        """Store the cookies of a response; the cookie `keep` may be replaced but not deleted."""
        self._past |= set(self.cookies.values())
        found = dict(self.cookies)
        for cookie in set_cookies(response):
            if not cookie.is_cleared:
                found[cookie.name] = cookie.value
            elif cookie.name != keep:
                found.pop(cookie.name, None)
        self.cookies = found

    def take_token(self, response: Response) -> None:
        """Store the CSRF token of a body: a JSON member, or an `input` or `meta` element."""
        token = _json_token(response.body) or _form_token(response.body)
        self._token = token or self._token

    @property
    def csrf(self) -> tuple[str, str] | None:
        """The header of an unsafe request as (name, value); `None` without a token."""
        named = [name for name in self.cookies if is_csrf(name) and not _REFRESH.search(name)]
        named.sort(key=lambda name: name.lower() in _SECRETS)
        if self._token and (not named or named[0].lower() in _SECRETS):
            return self.csrf_header or _USUAL_HEADER, self._token
        if not named:
            return None
        usual = _HEADERS.get(named[0].lower(), _USUAL_HEADER)
        return self.csrf_header or usual, unquote(self.cookies[named[0]])

    def put(self, request: Request) -> Request:
        """Return the request with all cookies and, if its method is unsafe, the CSRF token."""
        if self.cookies:
            request = with_cookies(request, {**sent_cookies(request), **self.cookies})
        csrf = self.csrf
        if csrf is None or request.method.upper() in _SAFE:
            return request
        self._past.add(csrf[1])
        return request.with_header(*csrf)

    def renew(self, request: Request, leader: CookieJar | None = None) -> Request:
        """Return the request with former values of this jar or the `leader`'s jar updated.

        Nothing is added; cookies and CSRF tokens that neither jar ever had remain unchanged.
        """
        known = self._known | (leader._known if leader is not None else set())
        sent = sent_cookies(request)
        own = {
            name: self.cookies.get(name, value) if value in known else value
            for name, value in sent.items()
        }
        if own != sent:
            request = with_cookies(request, own)
        csrf = self.csrf
        if csrf is None or request.header(csrf[0]) not in known:
            return request
        self._past.add(csrf[1])
        return request.with_header(*csrf)

    @property
    def _known(self) -> set[str]:
        csrf = self.csrf
        return {*self._past, *self.cookies.values(), *([csrf[1]] if csrf is not None else [])}


def _json_token(body: bytes) -> str:
    nodes = [json_of(body)]
    while nodes:
        node = nodes.pop(0)
        for name, member in node.items() if isinstance(node, dict) else ():
            if isinstance(member, str) and member and is_csrf(name):
                return member
            nodes.append(member)
    return ""


def _form_token(body: bytes) -> str:
    tag = _INPUT.search(body)
    value = _INPUT_VALUE.search(tag[0]) if tag else None
    return value[1].decode("latin-1") if value else ""
