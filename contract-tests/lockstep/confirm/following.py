"""Checks whether a difference follows from an earlier one-sided write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.openapi.naming import noun, split
from lockstep.results.divergent_state import exists_on_some_only, one_sided
from lockstep.results.exchange import Exchange

# Shorter values match by chance.
_SHORTEST = 6
_NOTHING = frozenset({"null", "absent"})


def cause_among(
    document: Document, earlier: Sequence[Exchange], exchange: Exchange, found: Sequence[Difference]
) -> Exchange | None:
    """Return the first earlier exchange that differences follow from, or `None`.

    This is a write that succeeded on one side only, or had other side effects there: its leftovers
    are found, its values are updated further, or are sent to another service.
    """
    for each in earlier:
        if one_sided(each):
            return each
        did = [one for several in each.effects.values() for one in several]
        if any(_leads_to(document, one, exchange, other) for one in did for other in found):
            return each
    return None


def _leads_to(document: Document, did: Difference, exchange: Exchange, found: Difference) -> bool:
    if not did.where.startswith("rows "):
        return False
    table, _, column = did.where.removeprefix("rows ").partition(".")
    if found.kind in ("status", "outcome"):
        return (
            did.kind == "deleted"
            and exists_on_some_only(exchange)
            and _names(document, exchange, table)
        )
    if column and _hands_on(did, found):
        return True
    if not found.where.startswith("rows "):
        return False
    other, _, written = found.where.removeprefix("rows ").partition(".")
    if column and did.kind == "symbol" and (written == "" or other != table):
        # The row references another row, so that later changes to either differ as well.
        return other == table or _refers(document, column, other)
    if other != table:
        return False
    if column:
        return written == column and written in _changed(exchange, table)
    return did.kind in ("changed", "other changed") or not written


def _names(document: Document, exchange: Exchange, table: str) -> bool:
    """Whether the resource of a request is stored in a table."""
    families = document.families
    operation = document.find(exchange.request.method, exchange.request.path)
    if operation is None:
        return False
    return families.about(operation.path) == families.of(noun(table.rpartition(".")[2]))


def _refers(document: Document, column: str, table: str) -> bool:
    """Whether a column's name refers to a table."""
    about = split(column)[0]
    families = document.families
    return bool(about) and families.of(about) == families.of(noun(table.rpartition(".")[2]))


def _hands_on(did: Difference, found: Difference) -> bool:
    """Whether a value that was written on one side occurs in a later difference."""
    texts = [text.strip('"') for text in (did.left, did.right) if text not in _NOTHING]
    return found.where.startswith(("rows ", "calls ")) and any(
        len(text) >= _SHORTEST and text in value
        for text in texts
        for value in (found.left, found.right)
    )


def _changed(exchange: Exchange, table: str) -> set[str]:
    """Return the changed columns of existing rows of a table."""
    return set(_columns(exchange, table))


def _columns(exchange: Exchange, table: str) -> Iterator[str]:
    for changes in exchange.done.rows.values():
        for row in changes[table].changed if table in changes else ():
            yield from row
