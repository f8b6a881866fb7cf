"""Sentences about responses that violate the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.words import code, does, place, shown


def _broken(told: SentenceContext, who: tuple[str, ...]) -> str:
    where, _, keyword = told.finding.where.rpartition(" ")
    at = f" at {place(where)}" if "/" in where else ""
    breaks = f"{does(who, 'breaks')} the schema{at} ({code(keyword)})"
    return f"{breaks} in {told.answer}: {_detail(told)}"


def _detail(told: SentenceContext) -> str:
    return shown(next(iter(told.finding.values.values()), ""), 160)


BY_KIND: Mapping[str, Callable[[SentenceContext, tuple[str, ...]], str]] = {
    "server_error": lambda told, who: (
        f"{does(who, 'answers')} {told.finding.where} to {told.about}"
    ),
    "no_response": lambda told, who: (
        f"{does(who, 'does')} not answer ({told.finding.where}) to {told.about}"
    ),
    "undocumented_status": lambda told, who: (
        f"{does(who, 'answers')} {told.finding.where} to {told.about}, which is not documented"
    ),
    "undocumented_media_type": lambda told, who: (
        f"{does(who, 'sends')} {_detail(told)} in {told.answer}"
    ),
    "unexpected_body": lambda told, who: (
        f"{does(who, 'sends')} a body in {told.answer}, where none is documented"
    ),
    "unreadable_body": lambda told, who: (
        f"{does(who, 'sends')} a malformed body in {told.answer}: {_detail(told)}"
    ),
    "missing_header": lambda told, who: (
        f"{does(who, 'leaves')} out the {place(told.finding.where).removeprefix('the ')} in "
        f"{told.answer}, which the document requires"
    ),
    "header_schema": lambda told, who: (
        f"{does(who, 'sends')} {place(told.finding.where)} against its schema in {told.answer}: "
        f"{_detail(told)}"
    ),
    "body_schema": _broken,
}
