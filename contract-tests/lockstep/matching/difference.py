"""A single difference between two responses."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.openapi.shapes import Path


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the leader's response and a partner's.

    `kind` is one of `outcome`, `status`, `header`, `missing`, `extra`, `type`, `value`, `order`,
    `length`, `elements`, `repeated`, `symbol`, `form`, `time`, `elapsed`, `bytes`, `metrics`,
    `token`, `cookie`, `connection`; `where` is `status`, `connection`, `header NAME` or `body` with
    a JSON pointer in which array indexes are `*`. For a cookie it also names the attribute and for
    a token the claim that differs: `header set-cookie sid httponly`, `body /token claim exp`.

    For a difference in database rows `where` is `rows TABLE` or `rows TABLE.COLUMN`. For tables
    `kind` is `inserted`, `changed` or `deleted` where one side has more or fewer such rows,
    prefixed with `other` where the rows differ; for columns also `untouched` where only one side
    changed the column, and `cost` for a password hash with other parameters.

    For calls to other services `where` is `calls METHOD URL`, with `*` for names in the URL, and
    then `url`, `query /NAME`, `header NAME` or `body` with a JSON pointer. `kind` is `calls` where
    one side makes more or fewer of them, `url` where another one is called. Both are `statements`
    where only one side sends its database more SQL statements for more rows.
    """

    kind: str
    where: str
    left: str
    right: str


def in_body(path: Path) -> str:
    """Format a path into a body; array indexes become `*`, so that one cause has one location."""
    parts = ("*" if isinstance(part, int) else _escape(part) for part in path)
    return "body " + "".join(f"/{part}" for part in parts) if path else "body"


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
