"""Keeps secrets out of reports."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote

from lockstep.report.secret_names import (
    is_secret_form,
    is_secret_header,
    is_secret_name,
)
from lockstep.report.steps import Data
from lockstep.transport.cookies import read_cookie

MASK = "***"
# Shorter texts, and plain words, are masked only where they stand in quotes.
_SHORTEST = 8
# At least so many characters of a truncated value are needed to recognize it.
_LEAST_SHOWN = 6
_MEMBER = re.compile(
    r'("(?P<name>(?:[^"\\]|\\.)*)"\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*(?:"|…|$)|-?\d[\d.eE+-]*)'
)
_MADE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])\S{12,}")
_ABSENT = frozenset({"absent", "null", '""'})
_ONE_SIDED = frozenset({"extra", "missing"})
_EFFECTS = ("rows", "calls")


def redacted(data: Data, secrets: Collection[str], keys: Collection[str] = frozenset()) -> Data:
    """A report without secrets: the given ones, and what servers showed as secret.

    Those are the values of members with a name such as `token` or `password` in answers, cookies,
    credentials of users, in headers and in what the document has as API `keys`, and what has the
    form of a secret. They become `***`, numbered where a later request carries what an answer gave
    out. What a client made up by itself stays.
    """
    given = dict.fromkeys(filter(None, secrets), MASK)
    found: dict[str, str] = {}
    kept: dict[str, list[Data]] = {"findings": [], "seen_once": []}
    for kind, findings in kept.items():
        for finding in data[kind]:
            masks = _Masks.of(finding, keys)
            found |= dict.fromkeys(masks.values, MASK)
            findings.append(masks.apply(finding, given))
    rest = {name: member for name, member in data.items() if name not in kept}
    masked_rest: Data = masked(rest, {**found, **given})
    return {name: kept.get(name, masked_rest.get(name)) for name in data}


def masked(node: Any, secrets: Mapping[str, str] | Collection[str]) -> Any:
    """JSON data with every secret in every text as its mask, whatever form it stands in there.

    A secret is also found percent-encoded, escaped as in JSON or for a shell, in base64, and where
    a sentence cut it; empty ones are passed over.
    """
    masks = secrets if isinstance(secrets, Mapping) else dict.fromkeys(secrets, MASK)
    return _walk(node, _Forms(masks))


def secrets_of_body(body: bytes, names: Collection[str] = frozenset()) -> Iterator[str]:
    """The values of all members of a JSON body or a form that are named like secrets.

    Those called by one of `names` are, too.
    """
    text = body.decode("utf-8", "replace")
    try:
        yield from _members(json.loads(text), names)
    except (ValueError, RecursionError):
        for name, value in parse_qsl(text):
            if name in names or is_secret_name(name):
                yield value


@dataclass(slots=True)
class _Masks:
    """The secrets of one finding: their masks, and the names of members that it is about."""

    values: dict[str, str]
    leaked: frozenset[str] = frozenset()

    @classmethod
    def of(cls, finding: Data, keys: Collection[str]) -> _Masks:
        """What answers show as secret, and the credentials of those who are logged in."""
        leaked = frozenset(_leaked(finding))
        own: set[str] = set()
        shown: dict[str, str] = {}
        givers: dict[str, str] = {}
        carried: set[str] = set()
        neighbour = finding["neighbour"] or {"steps": ()}
        for step in (*finding["steps"], *neighbour["steps"]):
            for target, request in step["requests"].items():
                texts = set(_texts_of(request))
                carried |= {value for value in shown if any(value in text for text in texts)}
                for value in _credentials(request, own, keys) if step["actor"] is not None else ():
                    shown.setdefault(value, MASK)
                    givers.setdefault(value, target)
                own |= texts - shown.keys()
            for name, outcome in step["outcomes"].items():
                for value in _secrets_of(outcome, leaked):
                    if value not in own:
                        shown.setdefault(value, MASK)
                        givers.setdefault(value, name)
        # Values that correspond on two targets get the same number.
        counts: Counter[str] = Counter()
        for value in shown:
            if value in carried:
                counts[givers.get(value, "")] += 1
                shown[value] = f"{MASK}{counts[givers.get(value, '')]}"
        return cls(shown, leaked)

    def apply(self, finding: Data, given: Mapping[str, str]) -> Data:
        """The finding without its secrets and the given ones."""
        finding = self._named(finding)
        finding = {**finding, "steps": self._steps(finding["steps"])}
        if finding["neighbour"]:
            steps = self._steps(finding["neighbour"]["steps"])
            finding["neighbour"] = {**finding["neighbour"], "steps": steps}
        done: Data = _walk(finding, _Forms({**self.values, **given}))
        return done

    def _named(self, finding: Data) -> Data:
        """Mask what the finding itself shows of a secret member, whatever its value came from."""
        where = finding["where"]
        values = {name: self._value(where, text) for name, text in finding["values"].items()}
        texts = [
            text
            for name, text in finding["values"].items()
            if self._is_about(where) and not (where.startswith(_EFFECTS) and values[name] == text)
        ]
        differences = self._differences(finding["differences"])
        sentence = finding["sentence"]
        for text in sorted(set(texts) - _ABSENT, key=len, reverse=True):
            sentence = sentence.replace(text, f'"{MASK}"')
        return {**finding, "values": values, "differences": differences, "sentence": sentence}

    def _is_about(self, where: str) -> bool:
        if not where.startswith(("body", *_EFFECTS)):
            return False
        name = where.rpartition("." if where.startswith("rows") else "/")[2]
        if where.startswith("calls") and " header " in where:
            # What is secret of a header has been masked where it was compared.
            return False
        return name in self.leaked or is_secret_name(name)

    def _value(self, where: str, text: str) -> str:
        scalar = text.startswith(('"', "-", *"0123456789"))
        if not self._is_about(where) or text in _ABSENT or not scalar:
            return self._members_in(text)
        return f'"{self.values.get(_unquoted(text), MASK)}"'

    def _steps(self, steps: Sequence[Data]) -> list[Data]:
        return [
            {
                **step,
                "outcomes": {name: self._outcome(one) for name, one in step["outcomes"].items()},
                **{
                    kind: {name: self._differences(found) for name, found in step[kind].items()}
                    for kind in ("differences", "effects")
                    if kind in step
                },
            }
            for step in steps
        ]

    def _differences(self, found: Sequence[Data]) -> list[Data]:
        return [
            {**one, **{side: self._value(one["where"], one[side]) for side in ("left", "right")}}
            for one in found
        ]

    def _outcome(self, outcome: Data) -> Data:
        text = outcome.get("body", {}).get("text")
        if text is None:
            return outcome
        hidden = self._members_in(text, refused=outcome["status"] >= 400)
        return {**outcome, "body": {**outcome["body"], "text": hidden}}

    def _members_in(self, text: str, *, refused: bool = False) -> str:
        """A text with the values of secret members masked where they stand in it as JSON."""
        if '"' not in text:
            return text
        return _MEMBER.sub(lambda match: self._member(match, refused=refused), text)

    def _member(self, match: re.Match[str], *, refused: bool) -> str:
        name, value = match["name"], match["value"]
        if refused and name not in self.leaked and not _is_made(_unquoted(value)):
            return match.group()
        if not (name in self.leaked or is_secret_name(name)) or value == '""':
            return match.group()
        if not value.startswith('"') and name not in self.leaked:
            return match.group()
        return f'{match[1]}"{self.values.get(_unquoted(value), MASK)}"'


def _leaked(finding: Data) -> Iterator[str]:
    """The members that one side alone shows and that a secret may be in."""
    places = [(finding["kind"], finding["where"])]
    places += [(one["kind"], one["where"]) for one in finding["differences"]]
    for kind, where in places:
        name = where.rpartition("/")[2]
        if kind in _ONE_SIDED and is_secret_name(name, leaked=True):
            yield name
    if finding["kind"] == "body_schema" and finding["where"].endswith("Properties"):
        for name in re.findall(r"'([^']+)'", " ".join(finding["values"].values())):
            if is_secret_name(name, leaked=True):
                yield name


def _secrets_of(outcome: Data, leaked: Collection[str]) -> Iterator[str]:
    """What an answer shows as secret, in its body, its headers and its cookies."""
    if "failure" in outcome:
        return
    for name, value in outcome["headers"]:
        if name.lower() == "set-cookie":
            yield read_cookie(value).value
        elif is_secret_header(name):
            yield value.rpartition(" ")[2]
    text = outcome["body"].get("text", "")
    try:
        found = list(_members(json.loads(text), leaked))
    except (ValueError, RecursionError):
        named = (match for match in _MEMBER.finditer(text) if is_secret_name(match["name"]))
        found = [_unquoted(match["value"]) for match in named]
    # A refusal says what is wrong with a password under the name of it.
    yield from (value for value in found if outcome["status"] < 400 or _is_made(value))


def _is_made(value: str) -> bool:
    """Whether a value looks made by a machine, and is no prose about one."""
    return is_secret_form(value) or _MADE.fullmatch(value) is not None


def _members(node: Any, leaked: Collection[str], *, secret: bool = False) -> Iterator[str]:
    if isinstance(node, dict):
        for name, member in node.items():
            inside = secret or name in leaked or is_secret_name(name)
            yield from _members(member, leaked, secret=inside)
    elif isinstance(node, list):
        for element in node:
            yield from _members(element, leaked, secret=secret)
    elif isinstance(node, str) and (secret or is_secret_form(node)):
        yield node


def _credentials(request: Data, own: Collection[str], keys: Collection[str]) -> Iterator[str]:
    """The credentials of a user in a request; a name with a password is what a client made."""
    for name, value in request["headers"]:
        if name.lower() == "cookie":
            found = [pair.partition("=")[2].strip() for pair in value.split(";")]
        elif value.lower().startswith(("basic ", "digest ")):
            continue
        elif is_secret_header(name) or name.lower() in keys:
            found = [value.rpartition(" ")[2]]
        else:
            continue
        yield from (text for text in found if text and text not in own)
    for name, value in parse_qsl(request["path"].partition("?")[2]):
        if (is_secret_name(name) or name.lower() in keys) and value not in own:
            yield value


def _texts_of(request: Data) -> Iterator[str]:
    """The texts that a request names: parameters, headers, the members of its body."""
    path, _, query = request["path"].partition("?")
    yield from path.split("/")
    yield from (value for _, value in parse_qsl(query))
    yield from (value for _, value in request["headers"])
    text = (request["body"] or {}).get("text", "")
    try:
        yield from _strings(json.loads(text))
    except (ValueError, RecursionError):
        yield from (value for _, value in parse_qsl(text))


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for element in node.values() if isinstance(node, dict) else node:
            yield from _strings(element)


def _unquoted(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal.strip('"…')


@dataclass(slots=True)
class _Forms:
    """The forms in which secrets are looked for, as one pattern, with the mask of each."""

    masks: Mapping[str, str]
    _by_form: dict[str, str] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        patterns: dict[str, str] = {}
        for secret, mask in self.masks.items():
            plain = len(secret) < _SHORTEST and (secret.isalpha() or len(secret) < 4)
            for form in _forms(secret):
                if plain:
                    form = json.dumps(form)
                self._by_form[form] = f'"{mask}"' if plain else mask
                patterns[form] = re.escape(form)
                if len(form) > _LEAST_SHOWN and not plain:
                    patterns[form] += f"|{re.escape(form[:_LEAST_SHOWN])}[^…\\n]{{0,80}}(?=…)"
        longest = sorted(patterns, key=len, reverse=True)
        if longest:
            self._pattern = re.compile("|".join(patterns[form] for form in longest))

    def replace(self, text: str) -> str:
        """The text with masks for secrets, also for those that are cut at its end."""
        if self._pattern is None:
            return text
        return self._pattern.sub(self._mask, text)

    def _mask(self, match: re.Match[str]) -> str:
        found = match.group()
        if found in self._by_form:
            return self._by_form[found]
        begun = (mask for form, mask in self._by_form.items() if form.startswith(found))
        return next(begun, found)


def _walk(node: Any, forms: _Forms) -> Any:
    if isinstance(node, str):
        return forms.replace(node)
    if isinstance(node, list):
        return [_walk(item, forms) for item in node]
    if isinstance(node, dict):
        return {
            forms.replace(key): _bytes(value, forms) if key == "base64" else _walk(value, forms)
            for key, value in node.items()
        }
    return node


def _bytes(encoded: str, forms: _Forms) -> str:
    """A body that is no text: a secret in it stands at any place of the three that base64 has."""
    body = base64.b64decode(encoded).decode("utf-8", "surrogateescape")
    return base64.b64encode(forms.replace(body).encode("utf-8", "surrogateescape")).decode()


def _forms(secret: str) -> set[str]:
    if not secret:
        return set()
    encoded = base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()
    escaped, quoted = json.dumps(secret)[1:-1], shlex.quote(secret)
    shell = quoted[1:-1] if quoted.startswith("'") else quoted
    return {secret, quote(secret, safe="", errors="surrogatepass"), escaped, shell, encoded}
