"""Conditional requests (RFC 9110, 13) and what may be kept of an answer."""

from collections.abc import Callable
from typing import Any

from ...utils.errors import PreconditionFailedError, PreconditionRequiredError
from ...utils.etag import make_etag, matches_strongly, matches_weakly
from ...utils.json_text import dump_json
from ..answers import Answer
from ..call import Call

# A client puts the headers of a 304 in place of those that it has.
KEPT = ("ETag", "Content-Security-Policy")

Dump = Callable[[Any], Any]
Check = Callable[[Any], None]


def if_match_required(call: Call, dump: Dump) -> Check:
    """Makes the check that If-Match names what is stored now, and is there.

    It raises PreconditionRequiredError or PreconditionFailedError.
    """
    return if_match(call, dump) or _refuse


def if_match(call: Call, dump: Dump) -> Check | None:
    """Makes the check that If-Match, if there is one, names what is stored now."""
    tags = call.headers.get("if-match")
    if tags is None:
        return None

    def check(stored: Any) -> None:
        if not matches_strongly(tags, make_etag(dump_json(dump(stored)))):
            raise PreconditionFailedError

    return check


def finish(call: Call, answer: Answer) -> Answer:
    """Turns an answer that the client has already into 304, and says what may be kept of it."""
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
