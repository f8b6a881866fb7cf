"""Reports a draft, or what a document lacks, on the terminal and as JSON."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from rich.console import Console
from rich.text import Text

from lockstep.drafting.draft import READ_IT, Draft, Lacking
from lockstep.drafting.gaps import KINDS
from lockstep.drafting.undocumented import KINDS as LACKING

_NAMED = 6


def as_data(made: Draft, file: str) -> dict[str, Any]:
    """Return a summary of a draft, without its document, as JSON data."""
    return {
        "draft": file,
        "requests": made.requests,
        "operations": [
            {
                "operation": data["operationId"],
                "method": method.upper(),
                "path": path,
                **data["x-lockstep-seen"],
            }
            for path, item in made.document["paths"].items()
            for method, data in item.items()
        ],
        "left_out": dict(sorted(made.left_out.items())),
        "never_seen": [
            {"operation": gap.operation, "kind": gap.kind, "what": gap.sentence}
            for gap in made.gaps
        ],
        "notes": made.notes,
    }


def print_draft(made: Draft, file: str, console: Console) -> None:
    """Print what was drafted, what was left out, and what was never seen."""
    console.print(
        Text(
            f"{_count(made.operations, 'operation')} of {_count(made.requests, 'request')}"
            + ("" if file == "-" else f", written to {file}")
        )
    )
    for what, count in sorted(made.left_out.items()):
        console.print(Text(f"  left out: {what}: {count:,}"))
    for note in made.notes:
        console.print(Text(f"  note: {note}"))
    by_kind: dict[str, list[str]] = defaultdict(list)
    for gap in made.gaps:
        by_kind[gap.kind].append(f"{gap.operation} ({gap.detail})" if gap.detail else gap.operation)
    if by_kind:
        console.print(Text("never seen, or not often enough:"))
    for kind in KINDS:
        names = by_kind.get(kind, [])
        if names:
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            console.print(Text(f"  {KINDS[kind]}: {', '.join(names[:_NAMED])}{more}"))
    console.print(Text(READ_IT[0].lower() + READ_IT[1:].rstrip(".")))


def lacking_as_data(lack: Lacking, document: str) -> dict[str, Any]:
    """Return what a document lacks as JSON data."""
    return {
        "document": document,
        "requests": lack.requests,
        "lacking": [
            {"operation": each.operation, "kind": each.kind, "what": each.what}
            for each in lack.found
        ],
        "left_out": dict(sorted(lack.left_out.items())),
        "notes": lack.notes,
    }


def print_lacking(lack: Lacking, console: Console) -> None:
    """Print what a document lacks, with every place."""
    title = (
        "the document lacks" if lack.found else "the document covers everything that they contain"
    )
    console.print(Text(f"{_count(lack.requests, 'request')}: {title}"))
    for kind, heading in LACKING.items():
        found = [each for each in lack.found if each.kind == kind]
        if found:
            console.print(Text(f"  {heading}:"))
        for each in found:
            console.print(Text(f"    {each.operation} {each.what}".rstrip()))
    for what, count in sorted(lack.left_out.items()):
        console.print(Text(f"  left out: {what}: {count:,}"))
    for note in lack.notes:
        console.print(Text(f"  note: {note}"))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
