"""Conditional requests (RFC 9110, 13) and cache control."""

from collections.abc import Callable
from typing import Any

from ...utils.errors import PreconditionFailedError, PreconditionRequiredError
from ...utils.etag import make_etag, matches_strongly, matches_weakly
from ...utils.json_text import dump_json
from ..answers import Answer
from ..call import Call

# A client replaces its stored headers by those of a 304.
KEPT = ("ETag", "Content-Security-Policy")

Dump = Callable[[Any], Any]
Check = Callable[[Any], None]


def if_match_required(call: Call, dump: Dump) -> Check:
    """Creates the check that If-Match is present and matches the current state.

    It raises PreconditionRequiredError or PreconditionFailedError.
    """
    return if_match(call, dump) or _refuse


def if_match(call: Call, dump: Dump) -> Check | None:
    """Creates the check that If-Match, if present, matches the current state."""
    tags = call.headers.get("if-match")
    if tags is None:
        return None

    def check(stored: Any) -> None:
        if not matches_strongly(tags, make_etag(dump_json(dump(stored)))):
            raise PreconditionFailedError

    return check


def finish(call: Call, answer: Answer) -> Answer:
    """Turns a response that the client has cached into a 304, and sets Cache-Control."""
    etag = answer.headers.get("ETag")
    if etag is None:
        answer.headers["Cache-Control"] = "no-store"
        return answer
    if matches_weakly(call.headers.get("if-none-match", ""), etag):
        kept = {name: answer.headers[name] for name in KEPT if name in answer.headers}
        answer = Answer(304, kept)
    answer.headers["Cache-Control"] = "private, no-cache" if call.caller else "no-cache"
    return answer


def _refuse(_stored: Any) -> None:
    raise PreconditionRequiredError
