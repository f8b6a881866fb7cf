"""Invalid and unusual variants of the members of a body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.auth.texts import matches, plain_text
from lockstep.drivers.walk.bodies import may_be_null, with_member
from lockstep.openapi.bounds import least_items, least_length
from lockstep.openapi.document import Document
from lockstep.openapi.naming import noun
from lockstep.openapi.prose import counts_in

MISSING, WRONG_TYPE, OUTSIDE, BOUND, NULL, ODD, UNKNOWN, RARE = range(20, 28)
_LONGEST = 20_000
_MOST_ELEMENTS = 200
_DEEPEST = 3
# Maximum number of bounds that are read from one description.
_MOST_COUNTS = 2
_BOUND_TEXTS = frozenset({"const", "enum", "format", "maxLength", "pattern"})
_NO_FORMAT = ("date", "date-time", "email", "uri", "url", "uuid", "ipv4", "time")

# Some servers take no time that is far ahead.
_SOON = datetime.now(UTC).date() + timedelta(weeks=1)

# Valid but rare values of a format, and similar invalid ones.
_FORMS: Mapping[str, tuple[tuple[int, str, str], ...]] = {
    "date-time": (
        (ODD, "has an offset", "2031-05-05T23:30:00+05:30"),
        (ODD, "has an offset, in the past", "2021-05-05T23:30:00-05:30"),
        (ODD, "has an offset, soon", f"{_SOON}T22:45:00-03:30"),
        (ODD, "has a fraction of a second", "2031-05-05T23:30:00.123456Z"),
        (RARE, "is in lower case", "2031-05-05t23:30:00z"),
        (RARE, "has no offset", "2031-05-05T23:30:00"),
        (RARE, "is a day", "2031-05-05"),
    ),
    "date": (
        (ODD, "is a leap day", "2032-02-29"),
        (RARE, "is no day", "2031-02-29"),
        (RARE, "is an instant", "2031-05-05T00:00:00Z"),
    ),
    "email": (
        (ODD, "is in capital letters", "LOCKSTEP.${unique}@EXAMPLE.COM"),
        (RARE, "has a tag", "lockstep+${unique}@example.com"),
    ),
    "uuid": ((RARE, "is in capital letters", "3F2B8C1E-7D4A-4E6F-9B0A-5C8D1E2F3A4B"),),
    "uri": ((RARE, "has no scheme", "example.com/lockstep"),),
}
_PUNCTUATION = "a, \"b\"; 'c' <d> & %e_\\ "

Path = tuple[str, ...]
# The first element of an array, in a path.
_FIRST = "0"


@dataclass(frozen=True, slots=True)
class Variant:
    """A body with one change, and its description; see `Probe` for the rank."""

    rank: int
    reason: str
    value: Any


def variants(document: Document, schema: Any, template: Any, prose: str = "") -> Iterator[Variant]:
    """Yield the variants of a valid body, member by member; `prose` is about the whole body."""
    if not isinstance(template, Mapping):
        return
    for path, member, required in _leaves(document, schema, template, ()):
        name = "/".join(path)
        if required:
            yield Variant(MISSING, f"without {name}", without(template, path))
        for rank, reason, value in values(document, member, member_at(template, path)):
            yield Variant(rank, f"{name} {reason}", with_member(template, path, value))
        for rank, reason, value in described(document, member, path[-1], prose):
            yield Variant(rank, f"{name} {reason}", with_member(template, path, value))
    inner = next((name for name, each in template.items() if isinstance(each, Mapping)), "")
    outer: Path = (inner,) if len(template) == 1 and inner else ()
    changed = with_member(template, (*outer, "lockstep_unknown"), "lockstep")
    yield Variant(UNKNOWN, "a member that is not documented", changed)


def invalid(document: Document, schema: Any, template: Any) -> Any:
    """Return the most clearly invalid variant of a body; `None` if there is none."""
    found = sorted(variants(document, schema, template), key=lambda each: each.rank)
    return next((each.value for each in found if each.rank <= OUTSIDE), None)


def values(
    document: Document, schema: Mapping[str, Any], valid: Any = None
) -> Iterator[tuple[int, str, Any]]:
    """Yield (rank, reason, value) for invalid and unusual values; `valid` is one that is not."""
    yield NULL if not may_be_null(schema) else ODD, "is null", None
    match kind_of_value(schema) if "type" in schema else "":
        case "string":
            yield from _texts(schema)
        case "integer" | "number" as kind:
            yield WRONG_TYPE, "is a text", "abc"
            yield RARE, "is a number in a text", "12"
            yield from _numbers(schema, whole=kind == "integer")
        case "boolean":
            yield WRONG_TYPE, "is a text", "abc"
            yield RARE, "is 1", 1
        case "array":
            yield WRONG_TYPE, "is a text", "abc"
            yield RARE, "is an object", {}
            yield from _arrays(document, schema, valid)
        case "object":
            yield WRONG_TYPE, "is a text", "abc"
            yield RARE, "is a list", []


def described(
    document: Document, schema: Mapping[str, Any], name: str, prose: str
) -> Iterator[tuple[int, str, Any]]:
    """Yield (rank, reason, value) at and beyond a bound that only descriptions state.

    In `prose` that is one of what a member is called by: "at most 20 tags".
    """
    own = list(counts_in(str(schema.get("description", ""))))
    of_all = [count for count in counts_in(prose) if noun(count.unit) == noun(name)]
    kind = kind_of_value(schema) if "type" in schema else ""
    chosen = schema.keys() & {"enum", "const", "format", "pattern"}
    for count in islice(own if kind != "array" else (*own, *of_all), _MOST_COUNTS):
        if kind == "string" and not chosen and "maxLength" not in schema:
            yield BOUND, f"has {count.number} characters", "b" * count.number
            yield OUTSIDE, f"has {count.number + 1} characters", "b" * (count.number + 1)
        elif kind in ("integer", "number") and not chosen:
            bounds = {schema.get("minimum"), schema.get("maximum")}
            near = (count.number - 1, count.number, count.number + 1)
            yield from ((BOUND, f"is {each}", each) for each in near if count.number not in bounds)
        elif kind == "array" and "maxItems" not in schema and count.number < _MOST_ELEMENTS:
            items = flat(document, schema.get("items", {}))
            element = body_template(document, items)
            free = isinstance(element, str) and not items.keys() & _BOUND_TEXTS
            for number, rank in ((count.number, BOUND), (count.number + 1, OUTSIDE)):
                several = [f"{element}{at}" if free else element for at in range(number)]
                yield rank, f"has {number} elements", several


def member_at(template: Any, path: Path) -> Any:
    """Return a member of a body; `None` if there is none."""
    for name in path:
        if isinstance(template, list):
            template = template[0]
        else:
            template = template.get(name) if isinstance(template, Mapping) else None
    return template


def without(template: Any, path: Path) -> Any:
    """Return a body without a member."""
    if isinstance(template, list):
        first, *others = template
        return [without(first, path[1:]), *others]
    if len(path) == 1:
        return {name: member for name, member in template.items() if name != path[0]}
    return {**template, path[0]: without(template[path[0]], path[1:])}


def _leaves(
    document: Document, schema: Any, template: Any, path: Path
) -> Iterator[tuple[Path, Mapping[str, Any], bool]]:
    """Yield (path, schema, whether it is required and present) for each member.

    Of an array, the members of its first element are yielded too.
    """
    merged = flat(document, schema)
    required = merged.get("required", ())
    for name, declared in merged.get("properties", {}).items():
        member = flat(document, declared)
        if member.get("readOnly"):
            continue
        there = isinstance(template, Mapping) and name in template
        yield (*path, name), member, there and name in required
        if not there or len(path) + 1 >= _DEEPEST:
            continue
        inner = template[name]
        if member.get("properties"):
            yield from _leaves(document, member, inner, (*path, name))
        elif isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
            yield from _leaves(document, member.get("items", {}), inner[0], (*path, name, _FIRST))


def _texts(schema: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    yield WRONG_TYPE, "is a number", 12
    yield RARE, "is true", True
    yield RARE, "is an object", {"a": 1}
    yield RARE, "is a list", ["a"]
    if "enum" in schema or "const" in schema:
        yield OUTSIDE, "is none of its values", "lockstep-none"
        named = next((each for each in schema.get("enum", ()) if isinstance(each, str)), "")
        if named.swapcase() not in (named, *schema.get("enum", ())):
            yield RARE, "is one of its values in another case", named.swapcase()
        return
    yield OUTSIDE, "is empty", ""
    if schema.get("format") in _NO_FORMAT:
        yield OUTSIDE, "has not its format", "lockstep none"
        yield from _FORMS.get(schema["format"], ())
        return
    if "pattern" in schema:
        yield OUTSIDE, "does not fit its pattern", " !ö\n"
        yield from _near(schema)
        return
    shortest, longest = least_length(schema), schema.get("maxLength", 0)
    if 1 < shortest <= _LONGEST:
        yield OUTSIDE, "is too short", "b" * (shortest - 1)
        yield BOUND, "is as short as allowed", "b" * shortest
    if 0 < longest <= _LONGEST:
        yield OUTSIDE, "is too long", "b" * (longest + 1)
        yield BOUND, "is as long as allowed", "b" * longest
        # Servers count each of these as one, two or four.
        yield BOUND, "is as long as allowed, in emoji", "😀" * longest
    room = longest or 40
    text = "${unique}"
    yield ODD, "is blank", " " * max(1, shortest)
    if room >= 30:
        yield ODD, "has NUL in it", f"a\0{text}"
        yield ODD, "is surrounded by white space", f"  {text} "
        yield ODD, "is in capital letters", f"LOCKSTEP{text}"
        yield ODD, "is beyond ASCII", f"é😀{text}"
        yield ODD, "is full of punctuation", f"{_PUNCTUATION}{text}"


def _near(schema: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """Yield texts that are close to one that fits a pattern, and do not fit it themselves."""
    example = schema.get("example")
    text = example if isinstance(example, str) and matches(schema, example) else plain_text(schema)
    if not text or not matches(schema, text):
        return
    yield from (
        (rank, f"almost fits its pattern: {how}", near)
        for rank, how, near in (
            (OUTSIDE, "a character less", text[:-1]),
            (OUTSIDE, "a character more", text + text[-1]),
            (ODD, "in another case", text.swapcase()),
            (ODD, "a sign more", f"-{text}"),
        )
        if not matches(schema, near)
    )


def _numbers(schema: Mapping[str, Any], *, whole: bool) -> Iterator[tuple[int, str, Any]]:
    least, most = _bound(schema, "minimum", 1), _bound(schema, "maximum", -1)
    if least is not None:
        yield OUTSIDE, "is too small", least - 1
        yield BOUND, "is as small as allowed", least
    else:
        yield ODD, "is negative", -1
    if most is not None:
        yield OUTSIDE, "is too large", most + 1
        yield BOUND, "is as large as allowed", most
    yield ODD, "is 0", 0
    yield RARE, "is huge", 10**20
    if whole:
        yield RARE, "has a fraction", 1.5
        return
    step = schema.get("multipleOf", 0)
    inner = least if least is not None else 0
    if step:
        yield OUTSIDE, "is no multiple", inner + step * 1.5
    if most is None or inner + 11 < most:
        # Halfway cases: rounded to even, up, or by the binary fraction.
        yield ODD, "is to be rounded", inner + 10.125
        yield RARE, "is to be rounded down or up", inner + 2.675


def _bound(schema: Mapping[str, Any], name: str, step: int) -> int | float | None:
    """Return the bound; for an exclusive one, the next whole number."""
    exclusive = schema.get(f"exclusive{name.title()}")
    if isinstance(exclusive, int | float) and not isinstance(exclusive, bool):
        return exclusive + step
    found = schema.get(name)
    return found if isinstance(found, int | float) else None


def _arrays(
    document: Document, schema: Mapping[str, Any], valid: Any
) -> Iterator[tuple[int, str, Any]]:
    fewest, most = least_items(schema), schema.get("maxItems", 0)
    items = schema.get("items", {})
    # What refers to a resource is more than its schema says.
    element = valid[0] if isinstance(valid, list) and valid else body_template(document, items)
    if fewest > 0:
        yield OUTSIDE, "has too few elements", [element] * (fewest - 1)
    if 0 < most <= _MOST_ELEMENTS:
        yield OUTSIDE, "has too many elements", [element] * (most + 1)
    yield ODD, "is empty", []
    yield ODD, "has an element twice", [element, element]
    yield ODD, "has null in it", [None]
    if kind_of_value(flat(document, items)) == "string":
        yield ODD, "has a number in it", [12]
