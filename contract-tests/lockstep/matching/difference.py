"""What a comparison reports."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.openapi.shapes import Path


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the leader's answer and a partner's.

    `kind` is one of `outcome`, `status`, `header`, `missing`, `extra`, `type`, `value`, `order`,
    `length`, `elements`, `repeated`, `symbol`, `form`, `time`, `elapsed`, `bytes`, `metrics`,
    `token`, `cookie`, `connection`; `where` is `status`, `connection`, `header NAME` or `body` with
    a JSON pointer in which array positions are `*`. Of a cookie it names the attribute, of a token
    the claim that differs: `header set-cookie sid httponly`, `body /token claim exp`.

    Of what was done to a database `where` is `rows TABLE` or `rows TABLE.COLUMN`. Of tables `kind`
    is `inserted`, `changed` or `deleted` where there are more or fewer such rows, with `other`
    before it where they are others; of columns also `untouched` where one side alone has changed
    it, and `cost` of a hash with other parameters.
    """

    kind: str
    where: str
    left: str
    right: str


def in_body(path: Path) -> str:
    """Name a place in a body; positions in arrays are left out, so that one cause is one bucket."""
    parts = ("*" if isinstance(part, int) else _escape(part) for part in path)
    return "body " + "".join(f"/{part}" for part in parts) if path else "body"


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
