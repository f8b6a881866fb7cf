"""Replaces values that must be unique, such as an email address that is already registered."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from lockstep.openapi.naming import LOG_IN, is_id, is_unique, words
from lockstep.recordings.recording import Step
from lockstep.transport.contents import content_of
from lockstep.transport.credentials import basic, read_basic
from lockstep.transport.messages import Headers, Outcome, Request, Response, status_of

_SECRET = re.compile(r"password|secret", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"(?=.*\d)[0-9a-f]+")
_TAKEN = frozenset({400, 409, 422})
_NOTHING = re.compile(r"(?!)")
# A date, also that of an instant.
_DAY = re.compile(r"(?<![\w.-])\d{4}-\d\d-\d\d(?=T\d|[^\w-]|$)")
# Matches a text only as a whole JSON string, path segment or query value.
_WHOLE = r"(?<![^\"/=<]){}(?![^\"/&?>;,])"


class Uniquifier:
    """A mapping from texts of a recording to their replacements in this replay."""

    def __init__(
        self,
        texts: Iterable[str] = (),
        rng: random.Random | None = None,
        *,
        names: Iterable[str] = (),
        kept: Mapping[str, str] | None = None,
        weeks: int = 0,
    ) -> None:
        """Replace each of `texts` with a new one of the same format, or with its value in `kept`.

        `names` are replaced too, but only as a whole JSON string, path segment or query value.
        Future dates and instants are moved by `weeks`: the same time of day may be taken already.
        """
        self._weeks = weeks
        self._kept = kept or {}
        self._rng = rng or random.SystemRandom()
        self._replaced: dict[str, str] = {}
        self._patterns: dict[str, str] = {}
        self._pattern = _NOTHING
        for text in texts:
            self._add(text, re.escape(text))
        for name in names:
            self._add(name, _WHOLE.format(re.escape(name)))

    def apply(self, step: Step) -> Step:
        """Return the step with the texts replaced, also in its response."""
        if not self._replaced and not self._weeks:
            return step
        answer = step.answer
        if isinstance(answer, Response):
            headers = self._headers(answer.headers)
            answer = replace(answer, headers=headers, body=self._bytes(answer.body))
        apart = {name: self._request(request) for name, request in step.apart.items()}
        return replace(step, request=self._request(step.request), answer=answer, apart=apart)

    def stands_for(self, text: str) -> str:
        """Return the replacement of a recorded text; the text itself without one."""
        return self._replaced.get(text, text)

    def renew(self, step: Step, refused: Outcome, attempt: int) -> bool:
        """Create new texts for a step that was `refused`, but succeeded when recorded.

        They replace members that often must be unique, else those that the refusal names. Returns
        true if there are any, so that the step can be retried. Each further `attempt` makes texts
        longer; those that a refusal names may have to keep their length.
        """
        recorded = status_of(step.answer) if step.answer is not None else None
        status = status_of(refused)
        done = recorded is not None and recorded < 300
        if not done or status not in _TAKEN or step.request.method != "POST":
            return False
        names, padding = set(unique_members(step.request)), "0" * 4 * attempt
        if not names and isinstance(refused, Response) and not books(step.request):
            names, padding = set(_named_members(step.request, refused)), ""
        for name in names:
            self._add(name, _WHOLE.format(re.escape(name)), padding)
        return bool(names)

    def _add(self, text: str, pattern: str, padding: str = "") -> None:
        fresh = self._kept.get(text, "") if not padding else ""
        fresh = fresh or self._alike(text, padding)
        # A text may also occur in the other case.
        for encode in (str.swapcase, str, _in_url, _in_json):
            encoded = encode(text)
            self._replaced[encoded] = encode(fresh)
            self._patterns[encoded] = pattern.replace(re.escape(text), re.escape(encoded))
        longest = sorted(self._patterns, key=len, reverse=True)
        self._pattern = re.compile("|".join(self._patterns[text] for text in longest))

    def _alike(self, text: str, padding: str) -> str:
        """Return another text of the same format; the host of an email address is kept."""
        start, at, host = text.partition("@")
        start += padding
        if not re.search("[A-Za-z0-9]", start):
            start += "0" * 8
        while (made := self._shuffled(start)) == start:
            pass
        return made + at + host

    def _shuffled(self, text: str) -> str:
        hexadecimal = _HEXADECIMAL.fullmatch(text) is not None
        return "".join(self._like(character, hexadecimal) for character in text)

    def _like(self, character: str, hexadecimal: bool) -> str:
        if character.isdigit():
            return self._rng.choice(string.digits)
        if not (character.isascii() and character.isalpha()):
            return character
        letters = "abcdef" if hexadecimal else string.ascii_lowercase
        chosen = self._rng.choice(letters)
        return chosen.upper() if character.isupper() else chosen

    def _request(self, request: Request) -> Request:
        return replace(
            request,
            path=self._text(request.path),
            headers=self._headers(request.headers),
            body=self._bytes(request.body) if request.body else request.body,
        )

    def _text(self, text: str) -> str:
        renewed = self._pattern.sub(lambda found: self._replaced[found.group()], text)
        return moved(renewed, self._weeks) if self._weeks else renewed

    def _headers(self, headers: Headers) -> Headers:
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        """Return a header's value with the texts replaced, also those in an account of Basic."""
        account = read_basic(value) if name.lower() == "authorization" else None
        if account is None:
            return self._text(value)
        user, colon, password = account.partition(":")
        changed = self._text(user) + colon + self._text(password)
        return value if changed == account else basic(changed)

    def _bytes(self, body: bytes) -> bytes:
        try:
            return self._text(body.decode()).encode()
        except UnicodeDecodeError:
            return body


def books(request: Request) -> bool:
    """Whether a body names a future time: what is refused then may be taken, or closed."""
    text = request.body.decode("utf-8", "replace") if request.body else ""
    return moved(text, 1) != text


def moved(text: str, weeks: int) -> str:
    """Return a text with its future dates moved by weeks, those of instants as well."""

    def later(found: re.Match[str]) -> str:
        try:
            day = date.fromisoformat(found.group())
            ahead = day > datetime.now(UTC).date()
            return (day + timedelta(weeks=weeks)).isoformat() if ahead else found.group()
        except (ValueError, OverflowError):
            return found.group()

    return _DAY.sub(later, text)


def unique_members(request: Request) -> Iterator[str]:
    """Yield members of a body whose names suggest that they must be unique; no passwords."""
    for name, value in _members(request):
        if "@" in value or is_unique(name):
            yield value


def _named_members(request: Request, refused: Response) -> Iterator[str]:
    """Yield members of a body that a refusal names, in whichever spelling; no identifiers."""
    message = refused.body.decode("utf-8", "replace")
    for name, value in _members(request):
        spelt = r"[\W_]*".join(map(re.escape, words(name)))
        if value.isprintable() and not is_id(name) and re.search(spelt, message, re.IGNORECASE):
            yield value


def has_password(request: Request) -> bool:
    """Whether a body has a password: it registers or logs in a user."""
    return any(_SECRET.search(name) for name, _ in _members(request))


def account_names(requests: Iterable[Request]) -> dict[str, None]:
    """Return the names that requests register accounts with; existing accounts keep theirs."""
    made: dict[str, None] = {}
    for request in requests:
        called = request.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        if has_password(request) and not LOG_IN.search(called):
            made |= dict.fromkeys(unique_members(request))
    return made


def _members(request: Request) -> Iterator[tuple[str, str]]:
    """Yield the texts in a JSON body or the fields of a form, with their names."""
    yield from _strings(content_of(request))


def _strings(node: Any) -> Iterator[tuple[str, str]]:
    for name, value in node.items() if isinstance(node, dict) else ():
        if isinstance(value, str) and value:
            yield name, value
        else:
            yield from _strings(value)


def _in_url(text: str) -> str:
    return quote(text, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]
