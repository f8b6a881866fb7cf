"""Finds the operations that those of a shard, or selected ones, depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.creators import creators, operation_on
from lockstep.drivers.walk.items import family_of, parameters_of
from lockstep.drivers.walk.media import content, media_types
from lockstep.drivers.walk.references import families_in
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

# Maximum number of operations that may create one resource.
_FEW = 2


@dataclass(slots=True)
class Surroundings:
    """Operations that those of a shard depend on, and those that show their effects.

    `beside` create the elements of the shard's lists, `around` the resources in its paths, and
    those that its bodies refer to; `witnesses` read what its writes may change.
    """

    document: Document
    owned: Collection[str]
    apart: Collection[str]
    beside: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)
    witnesses: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for operation in self.document.operations.values():
            if operation.name in self.owned:
                self._make_lists(operation)
                self._make_named(operation)
                self._find_witnesses(operation)
        for members in (self.beside, self.around, self.witnesses):
            members.difference_update(self.owned, self.apart)
        self.around -= self.beside

    @property
    def needed(self) -> set[str]:
        """The names of all operations that must come before."""
        return self.beside | self.around

    def _make_lists(self, operation: Operation) -> None:
        if operation.method not in ("GET", "HEAD"):
            return
        families = self.document.families
        family = families.about(operation.path)
        for maker in self.document.operations.values():
            if maker.method != "POST" or maker.name in self.beside:
                continue
            same = maker.path.rstrip("/") == operation.path.rstrip("/")
            outer = "{" not in operation.path and families.of(family_of(maker.path)) == family
            if same or outer:
                self.beside.add(maker.name)
                self._make_named(maker)

    def _make_named(self, operation: Operation) -> None:
        path = operation.path
        for name in parameters_of(path):
            self._make_one(path, name)
        for family in dict.fromkeys(self._referred(operation)):
            holder = operation_on(self.document, family)
            if holder is not None:
                self._make_one(holder.path, parameters_of(holder.path)[-1])

    def _make_one(self, path: str, name: str) -> None:
        """Add the operations that may create what a path parameter refers to."""
        head = path[: path.index("{" + name + "}")]
        for maker in islice(creators(self.document, head, name, self.apart), _FEW):
            if maker.name not in self.around:
                self.around.add(maker.name)
                self._make_named(maker)

    def _find_witnesses(self, operation: Operation) -> None:
        if operation.method in ("GET", "HEAD", "OPTIONS"):
            return
        families = self.document.families
        touched = set(self._referred(operation))
        for reader in self.document.operations.values():
            if reader.method != "GET":
                continue
            around = operation.path == reader.path or operation.path.startswith(f"{reader.path}/")
            if around or families.about(reader.path) in touched:
                self.witnesses.add(reader.name)

    def _referred(self, operation: Operation) -> Iterator[str]:
        """Yield the families of the resources that a body refers to."""
        media = next(iter(media_types(self.document, operation)), None)
        if media is not None and media.has_members:
            value = content(self.document, media, Style.FULL)
            about = self.document.families.about(operation.path)
            yield from families_in(self.document, value, about)
