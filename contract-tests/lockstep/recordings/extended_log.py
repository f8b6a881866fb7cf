"""Logs in the W3C Extended Log File Format: IIS, CloudFront, Tomcat and others.

A `#Fields:` line names the columns of the lines that follow
(https://www.w3.org/TR/WD-logfile.html). It may be repeated with other columns.
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
# Characters that the server decoded before logging are encoded again; a `%` was sent by the client.
_KEPT = "/%:@!$&'()*+,;=~-._"


@dataclass(slots=True)
class ExtendedLog:
    """Parses a log line by line: the columns depend on the last `#Fields:` line."""

    _fields: list[str] = field(default_factory=list)

    def is_directive(self, line: str) -> bool:
        """Whether a line is a directive; a `#Fields:` line sets the columns."""
        if not _DIRECTIVE.match(line):
            return False
        if line.lower().startswith(_FIELDS):
            self._fields = line[len(_FIELDS) :].lower().split()
        return True

    def read(self, line: str) -> LoggedRequest | None:
        """Return the request of a line, `None` if the columns do not fit."""
        columns = _columns(line)
        if not self._fields or len(columns) < len(self._fields):
            return None
        fields = dict(zip(self._fields, columns, strict=False))
        method, target = fields.get("cs-method", ""), _target(fields)
        if not re.fullmatch(r"[A-Z]{3,10}", method) or not target:
            return None
        status = fields.get("sc-status", "")
        host = _first(fields, "x-host-header", "cs-host", "cs(host)")
        code = int(status) if re.fullmatch(r"[1-5]\d\d", status) else None
        return LoggedRequest(method, target, code, host)


def _columns(line: str) -> list[str]:
    """Split a line at tabs if it has any, otherwise at spaces outside quotes."""
    if "\t" in line:
        return [column.strip() for column in line.split("\t")]
    return [quoted.replace('""', '"') if quoted else bare for quoted, bare in _COLUMN.findall(line)]


def _target(fields: dict[str, str]) -> str:
    stem = _first(fields, "cs-uri-stem", "cs-uri")
    if not stem:
        return ""
    path = quote(stem, safe=_KEPT if "cs-uri-stem" in fields else _KEPT + "?")
    query = _first(fields, "cs-uri-query")
    return f"{path}?{quote(query, safe=_KEPT + '?')}" if query and "?" not in path else path


def _first(fields: dict[str, str], *names: str) -> str:
    return next((fields[name] for name in names if fields.get(name, "") not in _NOTHING), "")
