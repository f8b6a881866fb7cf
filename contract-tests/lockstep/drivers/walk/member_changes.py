"""Changes single members of resources in the states that actions have led them to.

Schemas do not tell what may be changed in which state: the title of a closed job, or the questions
of a form that has answers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lockstep.drivers.walk.bodies import single_changes
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.reader import Reader
from lockstep.openapi.operations import Operation

# Maximum number of changes in one state, and of all of them.
_MOST_IN_STATE, _MOST_IN_ALL = 6, 150


@dataclass(slots=True)
class MemberChanges:
    """Tries changes of single members once in each state of each type of resource."""

    maker: Maker
    reader: Reader
    _tried: set[tuple[str, Hashable]] = field(default_factory=set)
    _sent: int = 0

    def explore(self, first: Operation, values: Values, state: Hashable, apart: str = "") -> None:
        """Change members of a resource, and read it afterwards.

        `first` is an operation on the resource, `apart` a member that is left as it is.
        """
        around = first.path[: first.path.rindex("}") + 1]
        document = self.maker.client.document
        operation = document.find("PATCH", around)
        is_known = (around, state) in self._tried or self._sent >= _MOST_IN_ALL
        if is_known or operation is None or operation.path != around:
            return
        self._tried.add((around, state))
        for change in islice(self._changes(operation, apart), _MOST_IN_STATE):
            self._sent += 1
            if self.maker.client.act(operation, values, change).parted:
                return
        self.reader.look(operation, values)

    def _changes(self, operation: Operation, apart: str) -> Iterator[Mapping[str, Any]]:
        media = next(iter(self.maker.client.media(operation)), None)
        if media is not None and media.kind == "json":
            changes = single_changes(self.maker.client.document, media.schema)
            yield from (each for each in changes if apart not in each)
