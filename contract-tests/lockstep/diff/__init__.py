"""What changed between two documents, and whether clients of the older one break."""

from lockstep.diff.changes import Change, Effect
from lockstep.diff.documents import compare

__all__ = ["Change", "Effect", "compare"]
