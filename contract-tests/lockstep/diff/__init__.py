"""Compares two OpenAPI documents and finds changes that break clients of the older one."""

from lockstep.diff.changes import Change, Effect
from lockstep.diff.documents import compare

__all__ = ["Change", "Effect", "compare"]
