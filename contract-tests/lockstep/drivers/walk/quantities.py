"""Quantities: amounts of money, pieces in stock, seats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, kind_of

# Money in a text, so that no digit is lost: "12.50".
_DECIMAL = re.compile(r"[0-9]{1,12}\.([0-9]{1,4})")
_HUNDREDTH = Decimal("0.01")
_CHOSEN = frozenset({"const", "enum", "readOnly"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A member of a body that is a quantity: its name, its smallest step, and its form.

    `least` is what its minimum allows, and more than nothing.
    """

    name: str
    unit: Decimal
    is_text: bool
    most: Decimal | None = None
    least: Decimal = Decimal(0)

    def write(self, number: Decimal) -> int | float | str:
        """Return a number as a value of the member."""
        if self.is_text:
            return f"{number:.{-int(self.unit.as_tuple().exponent)}f}"
        return int(number) if number == int(number) else float(number)

    def halved(self, number: Decimal) -> Decimal:
        """Return half of a number, in whole steps."""
        return number / 2 // self.unit * self.unit

    def shown_in(self, shown: Any) -> list[Decimal]:
        """Return the different positive quantities of the same form in a resource, largest first.

        Members of objects in it count as well. Numbers that the member may not have are left out.
        """
        found = {
            number
            for value in _leaves(shown)
            if (number := self._number(value)) is not None and number > 0
        }
        most = self.most
        return sorted((each for each in found if most is None or each < most), reverse=True)

    def _number(self, value: Any) -> Decimal | None:
        if self.is_text:
            match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
            # It may be shown with more decimals than are sent.
            if match is None or Decimal(1).scaleb(-len(match[1])) > self.unit:
                return None
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return None
        number = Decimal(str(value))
        try:
            return number if number % self.unit == 0 else None
        except InvalidOperation:
            return None


def quantity_in(document: Document, schema: Any) -> Quantity | None:
    """Return the first member of a body that is a quantity, a required one before others."""
    merged = flat(document, schema)
    properties, required = merged.get("properties"), merged.get("required", ())
    if not isinstance(properties, Mapping):
        return None
    for name in sorted(properties, key=lambda each: each not in required):
        found = _quantity(document, name, properties[name])
        if found is not None:
            return found
    return None


def _quantity(document: Document, name: str, declared: Any) -> Quantity | None:
    schema = flat(document, declared)
    kind = kind_of_value(schema)
    if is_id(name) or kind_of(name) is not None or schema.keys() & _CHOSEN:
        return None
    most = schema.get("maximum")
    limit = Decimal(str(most)) if isinstance(most, int | float) else None
    if kind in ("integer", "number"):
        unit = Decimal(1) if kind == "integer" else _HUNDREDTH
        given = schema.get("minimum")
        least = Decimal(str(given)) if isinstance(given, int | float) else unit
        return Quantity(name, unit, is_text=False, most=limit, least=max(least, unit))
    sample = body_template(document, schema, name) if kind == "string" else None
    match = _DECIMAL.fullmatch(sample) if isinstance(sample, str) else None
    if match is None:
        return None
    unit = Decimal(1).scaleb(-len(match[1]))
    return Quantity(name, unit, is_text=True, least=unit)


def _leaves(shown: Any, depth: int = 0) -> Iterator[Any]:
    for name, member in shown.items() if isinstance(shown, Mapping) else ():
        if isinstance(member, Mapping) and depth == 0:
            yield from _leaves(member, 1)
        elif not is_id(name):
            yield member
