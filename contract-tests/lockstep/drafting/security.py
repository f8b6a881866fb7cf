"""Infers security schemes from the credentials of recorded requests; no value is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.auth.bodies import is_password
from lockstep.auth.discovery import OTHER_PURPOSE, REGISTER
from lockstep.drafting.names import camel, unique
from lockstep.drafting.sample import Sample
from lockstep.inference.forms import claims_of
from lockstep.openapi.naming import LOG_IN, words
from lockstep.report.secret_names import is_secret_header, is_secret_name
from lockstep.transport.cookies import is_csrf, set_cookies
from lockstep.transport.messages import header_values

Scheme = tuple[str, str, str]  # type; HTTP scheme or location; name of an API key
_SESSION = re.compile(
    r"sess|^sid$|(?:^|[._-])sid$|auth|token|jwt|remember|identity|login|^connect\.sid$", re.I
)
_TRACKING = re.compile(
    r"^(?:_g|_hj|_fb|amplitude|ajs_|mp_|intercom|optimizely|__utm|_pk_|OptanonC)"
)
_QUERY_KEYS = re.compile(r"(?:api|access|auth|app|subscription)[-_]?(?:key|token|id)|key", re.I)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_CHALLENGE = re.compile(r"\s*(bearer|basic)\b", re.I)
_ISSUED = re.compile(r"(access|auth|id|api|session)?[_-]?(token|jwt|key)", re.I)
BEARER: Scheme = ("http", "bearer", "")
BASIC: Scheme = ("http", "basic", "")


@dataclass(slots=True)
class Security:
    """The security schemes of an API with their names, and those that each request used."""

    schemes: dict[Scheme, str] = field(default_factory=dict)
    jwt: bool = False
    _cookies: frozenset[str] = frozenset()
    _keys: frozenset[str] = frozenset()
    _challenged: Scheme | None = None
    _used: dict[int, tuple[Scheme, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Security:
        """Infer the schemes from all requests."""
        found = cls()
        found._cookies = frozenset(_session_cookies(samples))
        found._keys = frozenset(_query_keys(samples))
        found._challenged = _challenge(samples)
        used: Counter[Scheme] = Counter()
        for sample in samples:
            used.update(found.used(sample))
            found.jwt |= any(
                claims_of(value.partition(" ")[2]) is not None
                for value in header_values(sample.captured.headers, "authorization")
            )
        if not used and found._challenged is not None:
            used[found._challenged] += 1
        taken: set[str] = set()
        for scheme in sorted(used, key=lambda each: (-used[each], each)):
            found.schemes[scheme] = unique(_name(scheme), taken)
        return found

    def used(self, sample: Sample) -> tuple[Scheme, ...]:
        """Return the schemes of a request: its headers and query keys, else its session cookies."""
        known = self._used.get(id(sample))
        if known is None:
            found = dict.fromkeys([*self._in_headers(sample), *self._in_query(sample)])
            known = self._used[id(sample)] = tuple(found or self._in_cookies(sample))
        return known

    def is_key(self, name: str) -> bool:
        """Whether a query parameter is a credential."""
        return name in self._keys

    def requirement(self, samples: Sequence[Sample]) -> list[dict[str, list[str]]] | None:
        """Return the `security` of an operation, `None` if no request indicates any."""
        with_any = [sample for sample in samples if self.used(sample)]
        anonymous = [sample for sample in samples if not self.used(sample)]
        if gives_entry(samples):
            return None
        refused = any(sample.status == 401 for sample in anonymous)
        accepted = any(sample.succeeded for sample in anonymous)
        alternatives: list[dict[str, list[str]]] = []
        for sample in [each for each in with_any if each.succeeded] or with_any:
            requirement: dict[str, list[str]] = {
                self.schemes[each]: [] for each in self.used(sample)
            }
            if requirement not in alternatives:
                alternatives.append(requirement)
        if not alternatives and refused and self.schemes:
            alternatives = [{next(iter(self.schemes.values())): []}]
        if not alternatives:
            return None
        alternatives.sort(key=lambda each: (len(each), list(each)))
        return [*alternatives, *([{}] if accepted and not refused else [])]

    def as_data(self) -> dict[str, Any]:
        """Return the `securitySchemes` of the document."""
        return {
            name: self._described(scheme)
            for scheme, name in sorted(self.schemes.items(), key=lambda item: item[1])
        }

    def _described(self, scheme: Scheme) -> dict[str, str]:
        kind, which, name = scheme
        if kind == "apiKey":
            return {"type": kind, "in": which, "name": name}
        format_ = {"bearerFormat": "JWT"} if scheme == BEARER and self.jwt else {}
        return {"type": kind, "scheme": which, **format_}

    def _in_headers(self, sample: Sample) -> Iterator[Scheme]:
        captured = sample.captured
        for name, value in captured.headers:
            if name.lower() == "authorization":
                yield _of_authorization(value)
            elif is_secret_header(name) and not is_csrf(name):
                yield "apiKey", "header", name
        for name in sorted(captured.blackened):
            if name == "authorization":
                yield self._challenged or BEARER
            elif is_secret_header(name) and not is_csrf(name):
                yield "apiKey", "header", _cased(name)

    def _in_cookies(self, sample: Sample) -> list[Scheme]:
        names = sent_cookie_names(sample)
        return [("apiKey", "cookie", name) for name in names if name in self._cookies]

    def _in_query(self, sample: Sample) -> Iterator[Scheme]:
        for name, _ in sample.query:
            if name in self._keys:
                yield "apiKey", "query", name


def gives_entry(samples: Iterable[Sample]) -> bool:
    """Whether the requests are log-ins: a password is exchanged for a token or a cookie."""
    listed = list(samples)
    with_password = [sample for sample in listed if sent_password(sample)]
    if not with_password:
        return False
    last = next((segment for segment in reversed(with_password[0].segments) if segment), "")
    named = LOG_IN.search(last) is not None
    if OTHER_PURPOSE.search(last) or is_password(last) or (not named and REGISTER.search(last)):
        return False
    issued = any(sample.succeeded and _issues_credential(sample) for sample in with_password)
    return named or issued


def sent_password(sample: Sample) -> bool:
    """Whether a POST or PUT has a password in its body."""
    if sample.method not in ("POST", "PUT"):
        return False
    body = dict(sample.form()) if sample.is_form else sample.sent_json()
    return any(is_password(name) for name in _names(body))


def sent_cookie_names(sample: Sample) -> list[str]:
    """Return the names of the cookies of a request."""
    values = header_values(sample.captured.headers, "cookie")
    pairs = (pair.strip().partition("=") for value in values for pair in value.split(";"))
    return [name for name, sign, _ in pairs if sign and name]


def _issues_credential(sample: Sample) -> bool:
    response = sample.answer
    if response is None:
        return False
    names = list(_names(sample.answered_json()))
    return any(_ISSUED.fullmatch(name) for name in names) or any(
        _SESSION.search(cookie.name) for cookie in set_cookies(response)
    )


def _names(node: Any) -> Iterator[str]:
    waiting = [(node, 0)]
    while waiting:
        each, depth = waiting.pop()
        for name, member in each.items() if isinstance(each, dict) else ():
            yield name
            if depth < 3:
                waiting.append((member, depth + 1))


def _session_cookies(samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        if sample.answer is not None and sent_password(sample):
            for cookie in set_cookies(sample.answer):
                if not is_csrf(cookie.name) and not cookie.is_cleared:
                    yield cookie.name
        for name in sent_cookie_names(sample):
            if _SESSION.search(name) and not is_csrf(name) and not _TRACKING.search(name):
                yield name


def _query_keys(samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the query parameters with secrets that several kinds of requests have."""
    seen: dict[str, set[tuple[str, ...]]] = {}
    for sample in samples:
        for name, _ in sample.query:
            if is_secret_name(name) or _QUERY_KEYS.fullmatch(name):
                seen.setdefault(name, set()).add((sample.method, *sample.segments))
    for name, places in seen.items():
        is_key = is_secret_name(name) and "key" in words(name)[-1:]
        if is_key or (len(places) > 1 and (is_secret_name(name) or name.lower() == "key")):
            yield name


def _challenge(samples: Sequence[Sample]) -> Scheme | None:
    """Return the scheme in `WWW-Authenticate` (RFC 9110, 11.6.1), bearer tokens without one."""
    refusals = [sample.answer for sample in samples if sample.status == 401 and sample.answer]
    for response in refusals:
        for value in header_values(response.headers, "www-authenticate"):
            found = _CHALLENGE.match(value)
            if found:
                return "http", found[1].lower(), ""
    return BEARER if refusals else None


def _of_authorization(value: str) -> Scheme:
    scheme, space, rest = value.strip().partition(" ")
    if space and rest.strip() and _WORD.fullmatch(scheme):
        return "http", scheme.lower(), ""
    return "apiKey", "header", "Authorization"


def _name(scheme: Scheme) -> str:
    kind, which, _ = scheme
    if kind == "http":
        return camel([which]) if which.isalpha() else camel(words(which)) or "http"
    if which == "cookie":
        return "session"
    return "apiKey"


def _cased(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
