"""Logs in the extended format of the W3C: IIS, CloudFront, Tomcat and others.

A line that begins with `#Fields:` says what the columns of the lines behind it are
(https://www.w3.org/TR/WD-logfile.html). It may come again, with other columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from lockstep.recordings.json_log import LoggedRequest

_FIELDS = "#fields:"
_DIRECTIVE = re.compile(r"#(?:version|fields|software|(?:start-|end-)?date|remark):", re.IGNORECASE)
_COLUMN = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_NOTHING = ("-", "")
# What a server has decoded before it wrote it down is encoded again; `%` is of the client.
_KEPT = "/%:@!$&'()*+,;=~-._"


@dataclass(slots=True)
class ExtendedLog:
    """Reads line by line, since what a line says depends on the last one with the fields."""

    _fields: list[str] = field(default_factory=list)

    def is_directive(self, line: str) -> bool:
        """Whether a line is about the log itself; its fields count from here on."""
        if not _DIRECTIVE.match(line):
            return False
        if line.lower().startswith(_FIELDS):
            self._fields = line[len(_FIELDS) :].lower().split()
        return True

    def read(self, line: str) -> LoggedRequest | None:
        """The request of a line, `None` if there are no fields for it."""
        columns = _columns(line)
        if not self._fields or len(columns) < len(self._fields):
            return None
        told = dict(zip(self._fields, columns, strict=False))
        method, target = told.get("cs-method", ""), _target(told)
        if not re.fullmatch(r"[A-Z]{3,10}", method) or not target:
            return None
        status = told.get("sc-status", "")
        host = _first(told, "x-host-header", "cs-host", "cs(host)")
        code = int(status) if re.fullmatch(r"[1-5]\d\d", status) else None
        return LoggedRequest(method, target, code, host)


def _columns(line: str) -> list[str]:
    """The columns: between tabs where there are any, else between spaces, but for quoted ones."""
    if "\t" in line:
        return [column.strip() for column in line.split("\t")]
    return [quoted.replace('""', '"') if quoted else bare for quoted, bare in _COLUMN.findall(line)]


def _target(told: dict[str, str]) -> str:
    stem = _first(told, "cs-uri-stem", "cs-uri")
    if not stem:
        return ""
    path = quote(stem, safe=_KEPT if "cs-uri-stem" in told else _KEPT + "?")
    query = _first(told, "cs-uri-query")
    return f"{path}?{quote(query, safe=_KEPT + '?')}" if query and "?" not in path else path


def _first(told: dict[str, str], *names: str) -> str:
    return next((told[name] for name in names if told.get(name, "") not in _NOTHING), "")
