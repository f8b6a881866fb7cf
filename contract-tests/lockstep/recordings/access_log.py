"""Access logs in the common or the combined log format, as Apache, nginx and others write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from lockstep.messages import Request, Response
from lockstep.recordings.recording import Recording, RecordingError, Step

_LINE = re.compile(
    r'\S+ \S+ .*? \[[^\]]+\] "(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+" (?P<status>\d{3}) \S+'
)
_SENT = frozenset({"GET", "HEAD"})


def is_access_log(text: str) -> bool:
    """Whether the first line is one of an access log."""
    return _LINE.match(text.partition("\n")[0]) is not None


def read_access_log(text: str, title: str, prefix: str = "") -> Recording:
    """The reads of a log; of their answers only the status is known.

    A log has no bodies, so nothing that writes can be sent again. `prefix` is the base path in
    front of the document's own paths. Raises `RecordingError` where no line is left.
    """
    steps, left_out = [], Counter[str]()
    for line in filter(str.strip, text.splitlines()):
        found = _LINE.match(line)
        if found is None:
            left_out["that could not be read"] += 1
        elif found["method"] not in _SENT:
            left_out["of requests that write, whose bodies are not in a log"] += 1
        elif not found["target"].startswith(prefix + "/"):
            left_out[f"outside {prefix}/"] += 1
        else:
            request = Request(found["method"], found["target"].removeprefix(prefix))
            steps.append(Step(request, Response(int(found["status"])), partial=True))
    if not steps:
        raise RecordingError("the log has no line of a GET or HEAD request")
    return Recording(title, tuple(steps), notes=tuple(_notes(left_out.items())), has_bodies=False)


def _notes(counts: Iterable[tuple[str, int]]) -> Iterable[str]:
    for why, count in counts:
        yield f"{count:,} {'line' if count == 1 else 'lines'} {why}"
