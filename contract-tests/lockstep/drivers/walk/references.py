"""Fills in the members of a body that refer to existing resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.knowledge import Knowledge
from lockstep.openapi.document import Document
from lockstep.openapi.naming import noun, split, words


@dataclass(slots=True)
class References:
    """Replaces the members of one body that refer to resources of an actor by their identifiers.

    By their names these are members such as `author_id`; with `by_noun`, also `author`, and a `sku`
    where paths identify articles by it. Two members of one object, such as `from_account` and
    `to_account`, refer to different resources if there are several. `families` counts the members
    by the type of resource that they refer to.
    """

    document: Document
    known: Knowledge
    actor: str
    style: Style
    by_noun: bool = False
    families: Counter[str] = field(default_factory=Counter)

    def fill(self, value: Any, about: str) -> Any:
        """Return the body of a resource of the family `about` with its references filled in."""
        return self._fill(value, "", about, set())

    def _fill(self, value: Any, name: str, owner: str, taken: set[tuple[str, str]]) -> Any:
        if isinstance(value, Mapping):
            inner = self.document.families.inside(name, owner) if name else owner
            beside: set[tuple[str, str]] = set()
            return {key: self._fill(member, key, inner, beside) for key, member in value.items()}
        if isinstance(value, list):
            return [self._fill(element, name, owner, set()) for element in value]
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not name or not (whole or isinstance(value, str)):
            return value
        found = self._identifier(name, owner, taken)
        if found is None:
            return value
        return int(found) if whole and found.isdecimal() else found

    def _identifier(self, name: str, owner: str, taken: set[tuple[str, str]]) -> str | None:
        """Return the identifier of the newest resource that no member beside refers to, if any."""
        for family, attribute in meant(self.document, name, owner, by_noun=self.by_noun):
            items = self.known.all(family, self.actor)
            if self.style is Style.WORDS:
                # What has words refers to what has, too: a name with a comma, in a table.
                items.sort(key=lambda item: not _is_worded(item.shown))
            values = [value for item in items if (value := item.value(attribute)) is not None]
            if values:
                self.families[family] += 1
                free = (value for value in values if (family, value) not in taken)
                chosen = next(free, values[0])
                taken.add((family, chosen))
                return chosen
        return None


def meant(
    document: Document, name: str, owner: str, *, by_noun: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the families and attributes that a member may refer to, the most specific first."""
    families = document.families
    role = families.role(name, owner)
    if role is not None and role.kind == "id":
        family, _, attribute = role.family.partition(".")
        about = words(name)[:-1]
    elif role is None and (owner, name) in document.identifier_members:
        # The schema of `to` is that of the code of a location.
        (family, attribute), about = document.identifier_members[owner, name], ()
    elif role is None and by_noun and families.identified_by(name):
        # The `sku` of an order's line is that of `/articles/{sku}`.
        family, attribute, about = families.identified_by(name), noun(name), ()
    elif role is None and by_noun:
        family, attribute, about = families.of(noun(name)), "id", words(name)
    else:
        return
    # An account that is called `from_account_id` is an account.
    named = [family, *(families.of(noun("_".join(about[at:]))) for at in range(1, len(about)))]
    if owner not in named or split(name)[0]:
        yield from ((each, attribute) for each in named if each != owner)


def families_in(document: Document, value: Any, about: str) -> Iterator[str]:
    """Yield the families of the resources that the members of a body about a family refer to."""
    for name, member in value.items() if isinstance(value, Mapping) else ():
        yield from (family for family, _ in meant(document, name, about))
        yield from families_in(document, member, document.families.inside(name, about))
    for element in value if isinstance(value, list) else ():
        yield from families_in(document, element, about)


def _is_worded(shown: Mapping[str, Any]) -> bool:
    """Whether a text of a resource has to be quoted in a table (RFC 4180, section 2)."""
    return any(isinstance(text, str) and '"' in text and "," in text for text in shown.values())
