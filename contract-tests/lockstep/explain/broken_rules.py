"""Sentences about responses that violate the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.words import code, does, place, shown


def _broken(context: SentenceContext, who: tuple[str, ...]) -> str:
    where, _, keyword = context.finding.where.rpartition(" ")
    at = f" at {place(where)}" if "/" in where else ""
    violates = f"{does(who, 'violates')} the schema{at} ({code(keyword)})"
    return f"{violates} in {context.response}: {_detail(context)}"


def _detail(context: SentenceContext) -> str:
    return shown(next(iter(context.finding.values.values()), ""), 160)


BY_KIND: Mapping[str, Callable[[SentenceContext, tuple[str, ...]], str]] = {
    "server_error": lambda context, who: (
        f"{does(who, 'responds')} with {context.finding.where} to {context.about}"
    ),
    "no_response": lambda context, who: (
        f"{does(who, 'does')} not respond ({context.finding.where}) to {context.about}"
    ),
    "undocumented_status": lambda context, who: (
        f"{does(who, 'responds')} with {context.finding.where}, which is not documented, "
        f"to {context.about}"
    ),
    "undocumented_media_type": lambda context, who: (
        f"{does(who, 'sends')} {_detail(context)} in {context.response}"
    ),
    "unexpected_body": lambda context, who: (
        f"{does(who, 'sends')} a body in {context.response}, but the document defines none"
    ),
    "unreadable_body": lambda context, who: (
        f"{does(who, 'sends')} a body that is not JSON in {context.response}: {_detail(context)}"
    ),
    "missing_header": lambda context, who: (
        f"{does(who, 'omits')} {place(context.finding.where)}, which the document requires, in "
        f"{context.response}"
    ),
    "header_schema": lambda context, who: (
        f"{does(who, 'violates')} the schema of {place(context.finding.where)} in "
        f"{context.response}: {_detail(context)}"
    ),
    "body_schema": _broken,
}
