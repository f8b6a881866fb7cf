"""Access logs in the common or the combined log format, as Apache, nginx and others write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from lockstep.recordings.recording import NOWHERE, Captured, RecordingError
from lockstep.transport.messages import Response

_LINE = re.compile(
    r'\S+ \S+ .*? \[[^\]]+\] "(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+" (?P<status>\d{3}) \S+'
)
_SENT = frozenset({"GET", "HEAD"})


def is_access_log(text: str) -> bool:
    """Whether the first line is one of an access log."""
    return _LINE.match(text.partition("\n")[0]) is not None


def read_access_log(text: str) -> tuple[list[Captured], list[str]]:
    """The reads of a log with the statuses of their answers, and what was left out, for people.

    A log has no bodies, so nothing that writes can be sent again. Raises `RecordingError` where no
    line is left.
    """
    captured, left_out = [], Counter[str]()
    for line in filter(str.strip, text.splitlines()):
        found = _LINE.match(line)
        if found is None or not found["target"].startswith("/"):
            left_out["that could not be read"] += 1
        elif found["method"] not in _SENT:
            left_out["of requests that write, whose bodies are not in a log"] += 1
        else:
            answer = Response(int(found["status"]))
            url = NOWHERE + found["target"]
            captured.append(Captured(found["method"], url, answer=answer, partial=True))
    if not captured:
        raise RecordingError("the log has no line of a GET or HEAD request")
    return captured, list(_notes(left_out.items()))


def _notes(counts: Iterable[tuple[str, int]]) -> Iterable[str]:
    for why, count in counts:
        yield f"{count:,} {'line' if count == 1 else 'lines'} {why}"
