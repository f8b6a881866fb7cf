"""The steps of a finding as a bash script that runs against any fresh server."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from urllib.parse import quote

from lockstep.recordings.uniquify import account_names
from lockstep.report.carried import Origin, Origins, Use, body_bytes
from lockstep.report.curl import body_word, digest_account, is_piped, options, printed, word
from lockstep.report.phrases import answers, controls, plain
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data
from lockstep.transport.messages import Request

_HEAD = """\
#
# bash SCRIPT BASE_URL    such as http://localhost:8000; needs curl and python3
# It sends the requests in order, with the ids and tokens that this server returns and with new
# names for its users, and prints each status code and finally the whole last response.
set -u
base=${1:?the base URL of a server is missing}
base=${base%/}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
new=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n')
letters=$(printf %s "$new" | tr 0-9 g-p)
digits=$(printf %s "$new" | tr a-f 0-5)

send() { # NUMBER TITLE OPTION...: sends one request and saves the response
  local at=$1 title=$2 status
  shift 2
  : >"$work/$at.head" >"$work/$at.body"
  status=$(curl -sS --max-time 30 -D "$work/$at.head" -o "$work/$at.body" -w '%{http_code}' "$@")
  printf '%s. %s  -> %s\\n' "$at" "$title" "$status"
}
"""
_READ = """\
read_answer() { # member|header|cookie|segment NUMBER NAME...: prints a value from a saved response
  python3 - "$work" "$@" <<'PYTHON'
import json, sys
work, kind, at, *place = sys.argv[1:]
try:
    if kind == "member":
        value = json.load(open(f"{work}/{at}.body", encoding="utf-8"))
        for part in place:
            value = value[int(part)] if isinstance(value, list) else value[part]
    else:
        lines = open(f"{work}/{at}.head", encoding="latin-1").read().splitlines()
        pairs = [(n.strip().lower(), v.strip()) for n, _, v in (l.partition(":") for l in lines)]
        name = "set-cookie" if kind == "cookie" else place[0]
        values = [v for n, v in pairs if n == name]
        if kind == "cookie":
            sets = [v.split(";")[0].partition("=") for v in values]
            values = [v for n, _, v in sets if n == place[0]]
        value = values[-1].rstrip("/").rpartition("/")[2] if kind == "segment" else values[-1]
except (LookupError, OSError, TypeError, ValueError):
    sys.exit(f"response {at} has no {kind} {'/'.join(place)}")
print(value if isinstance(value, str) else json.dumps(value))
PYTHON
}
"""
_TAIL = """\
echo
cat "$work/LAST.head" "$work/LAST.body"
echo
"""
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_RUN = re.compile(r"[A-Za-z0-9]{4,}")
_NAME = re.compile(r"[^a-z0-9]+")
_BASIC = re.compile(r"(Basic )([A-Za-z0-9+/=]+)", re.IGNORECASE)
# The maximum number of characters of a name to replace.
_MOST_NEW = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text: literal, or evaluated by bash within double quotes."""

    text: str
    shell: bool = False


def script(steps: Sequence[Data], sentence: str) -> str:
    """Return a script of the requests sent to the leader; empty if there are none.

    Its only argument is a base URL. Values that a response returns and a later request sends are
    variables.
    """
    sent = [step for step in steps if step["outcomes"]]
    if not sent:
        return ""
    written = _Writer(sent)
    lines = list(written.lines())
    about = "\n".join(f"# {line}" for line in visible(plain(sentence)).splitlines())
    parts = ["#!/usr/bin/env bash", about, _HEAD, *([_READ] if written.reads else []), *lines]
    return "\n".join([*parts, _TAIL.replace("LAST", str(len(sent)))])


@dataclass
class _Writer:
    """Writes the requests, and the variables to read after each of them."""

    steps: Sequence[Data]
    origins: Origins = field(default_factory=Origins)
    reads: dict[Origin, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = _NewNames(self.steps)

    def lines(self) -> Iterator[str]:
        """Yield a block of lines for each step."""
        blocks = []
        for number, step in enumerate(self.steps, 1):
            leader = next(iter(step["outcomes"]))
            request = step["requests"].get(leader) or step["request"]
            self.origins.note_request(request)
            blocks.append(self._send(number, step, request, leader))
            self.origins.note_answer(number, request, step["outcomes"][leader])
        sent: list[int] = []
        parts = zip(blocks, controls(self.steps), strict=True)
        for number, (block, control) in enumerate(parts, 1):
            yield block + control
            sent.append(number)
            if not control.endswith("&"):
                for each in sent:
                    yield from self._read(each)
                sent.clear()

    def _read(self, number: int) -> Iterator[str]:
        for origin, name in self.reads.items():
            if origin.step == number:
                place = " ".join(map(shlex.quote, origin.place))
                yield f"{name}=$(read_answer {origin.kind} {number} {place})"

    def _send(self, number: int, step: Data, data: Data, leader: str) -> str:
        address = step["addresses"].get(leader, "")
        certificates = step.get("curl_options", {}).get(leader, ())
        body = body_bytes(data["body"])
        headers = tuple((name, value) for name, value in data["headers"])
        request = Request(data["method"], data["path"], headers, body)
        title = f"{data['method']} {data['path'][:80]}  (was: {answers(step)})"
        arguments = [str(number), shlex.quote(visible(title))]
        arguments += [shlex.quote(each) for each in (*certificates, *options(request, address))]
        for name, value in headers:
            account = digest_account(name, value)
            if account:
                arguments += ["--digest", "--user", _joined(self._names.apply([Part(account)]))]
            else:
                arguments += ["-H", self._header(name, value)]
        pipe = ""
        if body is not None and is_piped(body):
            pipe = f"{self._printed(body)} | "
            arguments += ["--data-binary", "@-"]
        elif body is not None:
            arguments += ["--data-binary", self._body(body)]
        base = '"$(printf %s "$base" | cut -d/ -f1-3)"' if data.get("from_root") else '"$base"'
        arguments.append(base + _joined(self._parts(data["path"], self.origins.in_path, "url")))
        return f"{pipe}send {' '.join(arguments)}"

    def _header(self, name: str, value: str) -> str:
        if not value:
            return shlex.quote(f"{name};")
        basic = _BASIC.fullmatch(value) if name.lower() == "authorization" else None
        if basic is not None and (known := _decoded(basic[2])):
            parts = self._names.apply([Part(known)])
            if any(part.shell for part in parts):
                made = f"$(printf %s {_joined(parts)} | base64 | tr -d '\\n')"
                return f'{shlex.quote(f"{name}: {basic[1]}")}"{made}"'
        parts = self._parts(value, self.origins.in_header, "")
        return _joined([Part(f"{name}: "), *parts])

    def _printed(self, body: bytes) -> str:
        """Return a command that prints a body."""
        parts = [] if b"\0" in body else self._carrying(body)
        if not parts:
            return printed(body)
        commands = (
            f'printf %s "{part.text}"' if part.shell else printed(part.text.encode())
            for part in parts
        )
        return f"{{ {'; '.join(commands)}; }}"

    def _carrying(self, body: bytes) -> list[Part]:
        """Return the parts of a body, none if it carries nothing from another step."""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return []
        parts = self._parts(text, self.origins.in_body, "json")
        return parts if any(part.shell for part in parts) else []

    def _body(self, body: bytes) -> str:
        parts = self._carrying(body)
        if not parts:
            return body_word(body)
        first, *rest = parts
        start = [body_word(first.text.encode())] if not first.shell else [_shell(first)]
        return "".join([*start, *map(_shell, rest)])

    def _parts(self, text: str, find: Any, within: str) -> list[Part]:
        parts: list[Part] = []
        at = 0
        uses: list[Use] = find(text)
        for use in uses:
            literal = text[at : use.start]
            parts += [Part(literal), Part(self._variable(use.origin, within), shell=True)]
            at = use.end
        parts.append(Part(text[at:]))
        return [part for part in self._names.apply(parts) if part.text]

    def _variable(self, origin: Origin, within: str) -> str:
        name = self.reads.get(origin)
        if name is None:
            stem = _NAME.sub("_", origin.name.lower()).strip("_") or "value"
            name = f"{stem}_{origin.step}" if stem[0].isalpha() else f"value_{origin.step}"
            while name in self.reads.values():
                name += "_"
            self.reads[origin] = name
        if within and not _PLAIN.fullmatch(origin.value):
            return f"$({_ENCODERS[within].format(name=name)})"
        return f"${{{name}}}"


_ENCODERS = {
    "url": "python3 -c 'import sys, urllib.parse as u; print(u.quote(sys.argv[1], \"\"))' "
    '"${name}"',
    "json": "python3 -c 'import sys, json; print(json.dumps(sys.argv[1])[1:-1])' \"${name}\"",
}


class _NewNames:
    """Replaces the names of users that the steps register, differently on each run."""

    def __init__(self, steps: Sequence[Data]) -> None:
        requests = (step["request"] for step in steps)
        names = account_names(
            Request(data["method"], data["path"], (), body_bytes(data["body"])) for data in requests
        )
        self._runs: dict[str, tuple[int, int]] = {}
        # Different runs of characters get different replacements.
        self._places: dict[str, int] = {}
        for name in names:
            run = _best_run(name.partition("@")[0])
            if run is not None:
                self._places.setdefault(name[slice(*run)].lower(), len(self._places))
                for form in {name, quote(name, safe=""), quote(name, safe="@")}:
                    start = form.find(name[run[0] : run[1]])
                    self._runs[form.lower()] = (start, start + run[1] - run[0])
        longest = sorted(map(re.escape, self._runs), key=len, reverse=True)
        self._pattern = re.compile("|".join(longest) or r"(?!)", re.IGNORECASE)

    def apply(self, parts: Sequence[Part]) -> list[Part]:
        """Return the parts with the names of users replaced."""
        found: list[Part] = []
        for part in parts:
            found += [part] if part.shell else self._split(part.text)
        return found

    def _split(self, text: str) -> Iterator[Part]:
        at = 0
        for match in self._pattern.finditer(text):
            start, end = self._runs[match.group().lower()]
            first, last = match.start() + start, match.start() + end
            yield Part(text[at:first])
            run = text[first:last]
            yield from _made(run, self._places[run.lower()])
            at = last
        yield Part(text[at:])


def _best_run(text: str) -> tuple[int, int] | None:
    """Return the end of the longest alphanumeric run, preferably one with digits."""
    runs = list(_RUN.finditer(text))
    if not runs:
        return None
    best = max(runs, key=lambda run: (any(map(str.isdigit, run.group())), len(run.group())))
    # The first letter of a name is kept, since some servers require one.
    return max(best.start() + 1, best.end() - _MOST_NEW), best.end()


def _made(run: str, place: int) -> tuple[Part, Part]:
    """Return a run of the same format; its last character distinguishes it from other names."""
    source = "digits" if run.isdigit() else "letters" if run.isalpha() else "new"
    last = string.digits if run.isdigit() else string.ascii_lowercase
    ending = last[place % len(last)]
    part = f"${{{source}:0:{len(run) - 1}}}"
    if run.isupper():
        return Part(f'$(printf %s "{part}" | tr a-z A-Z)', shell=True), Part(ending.upper())
    return Part(part, shell=True), Part(ending)


def _shell(part: Part) -> str:
    """Quote a part of a body for bash; curl sends its UTF-8 bytes unchanged."""
    return f'"{part.text}"' if part.shell else shlex.quote(part.text)


def _joined(parts: Sequence[Part]) -> str:
    """Quote the parts as one bash word."""
    groups = groupby(parts, key=lambda part: part.shell)
    texts = ((shell, "".join(part.text for part in group)) for shell, group in groups)
    return "".join(f'"{text}"' if shell else word(text) for shell, text in texts if text)


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
