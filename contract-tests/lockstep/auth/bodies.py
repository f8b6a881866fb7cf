"""Creates the bodies with which a user registers and logs in from their schemas."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import jsonschema_rs

from lockstep.auth.texts import drawn, plain_text
from lockstep.openapi.bounds import least_items
from lockstep.openapi.document import Document

_EMAIL = re.compile(r"e[_-]?mail([_-]?address)?", re.IGNORECASE)
_PASSWORD = re.compile(r"pass(word|wd|phrase|code)?|pwd|secret|^pin([_-]?code)?$", re.IGNORECASE)
_NEW = re.compile(r"new|repeat|confirm", re.IGNORECASE)
_NAME = re.compile(
    r"(user|login|account|nick|member|client|display)?[_-]?(name|handle|login|id)|identifier",
    re.IGNORECASE,
)
_EMAILS = ("${actor}.${unique}@example.com", "${actor}${unique}@example.com")
_NAMES = ("${actor}${unique}", "${actor}-${unique}", "${actor}_${unique}", "${short}")
_PASSWORDS = ("Correct-Horse-7", "Correct7Horse", "Secret7-", "123456")
_OTHER_PASSWORDS = ("Correct$Horse7!", "correcthorse7", "Secret7!", "654321")
_PHONES = ("+1555${digits}", "+1 555 ${digits}", "1555${digits}", "${digits}")
_PHONE = re.compile(r"phone|mobile|^tel", re.IGNORECASE)
# Names of members that may have to be unique, besides the user name.
_UNIQUE = re.compile(
    r"phone|mobile|^tel|handle|slug|nick|screen|alias|domain|(tax|vat|ssn|licen[cs]e|external)"
    r"|^(company|org(ani[sz]ation)?|tenant|team|workspace|store|shop|business)[_-]?(name)?$",
    re.IGNORECASE,
)
_SAYS_UNIQUE = re.compile(r"unique|already (taken|exists|in use|registered)", re.IGNORECASE)
# Sample values of the placeholders, to validate a template against a schema.
_SAMPLE = {
    "actor": "alice",
    "unique": "0a1b2c3d0001",
    "short": "c3d0001",
    "digits": "0123456",
    "uuid": "0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11",
}
# The value of a number without an upper bound that may be 0.
_ENOUGH = 10


def is_password(name: str) -> bool:
    """Whether a member of this name holds a password."""
    return _PASSWORD.search(name) is not None


def with_current_password(value: Any, password: str) -> Any:
    """Return a body with a user's password in the members that ask for the current one."""
    if not isinstance(value, Mapping) or not password:
        return value
    asked = {name for name in value if is_password(name) and not _NEW.search(name)}
    return {**value, **dict.fromkeys(asked, password)}


def is_email(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a member holds an email address."""
    return schema.get("format") == "email" or _EMAIL.fullmatch(name) is not None


def is_name(name: str) -> bool:
    """Whether a member of this name identifies the user, other than by an email address."""
    return _NAME.fullmatch(name) is not None


def members(
    document: Document, schema: Any, depth: int = 3
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every named member of a schema with its schema, including those of nested objects."""
    for name, member in flat(document, schema).get("properties", {}).items():
        inner = flat(document, member)
        yield name, inner
        if depth > 1:
            yield from members(document, inner, depth - 1)


def flat(document: Document, schema: Any, depth: int = 0) -> dict[str, Any]:
    """Resolve a schema's `$ref`, merge its `allOf`, and pick the first of `anyOf` and `oneOf`."""
    schema = document.resolve(schema)
    if not isinstance(schema, Mapping) or depth > _MOST_BRANCHES:
        return {}
    merged = {key: value for key, value in schema.items() if key not in _BRANCHES}
    chosen = [each for word in ("anyOf", "oneOf") for each in schema.get(word, ())[:1]]
    selecting = [_selecting(schema, part) for part in chosen]
    for part in [*schema.get("allOf", ()), *chosen, *filter(None, selecting)]:
        other = flat(document, part, depth + 1)
        properties = _both(merged.get("properties", {}), other.get("properties", {}))
        required = [*merged.get("required", ()), *other.get("required", ())]
        merged = {**other, **merged}
        if properties:
            merged |= {"properties": properties, "required": required}
    return merged


def _both(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the properties of two schemas that both apply: a base may leave a `const` to others."""
    shared = {name for name in ours if name in theirs and ours[name] != theirs[name]}
    return {**theirs, **ours, **{name: {"allOf": [ours[name], theirs[name]]} for name in shared}}


def _selecting(schema: Mapping[str, Any], part: Any) -> dict[str, Any]:
    """Return a schema with the discriminator's value for an alternative, empty without one."""
    discriminator = schema.get("discriminator")
    reference = part.get("$ref") if isinstance(part, Mapping) else None
    if not isinstance(discriminator, Mapping) or not isinstance(reference, str):
        return {}
    # Without a mapping it is the name of the schema (OpenAPI 3.1, section 4.8.25).
    name = reference.rpartition("/")[2]
    mapping = discriminator.get("mapping") or {}
    value = next((key for key, to in mapping.items() if to in (reference, name)), name)
    return {"properties": {str(discriminator.get("propertyName", "")): {"const": value}}}


# Numbers of steps that are added to a round number, and decimal places that tell steps apart.
_UNEVEN, _PLACES = (7, 3, 9, 11, 13), 9
_BRANCHES = frozenset({"allOf", "anyOf", "oneOf"})
# The maximum nesting: a schema may contain itself.
_MOST_BRANCHES = 20
# The maximum number of required objects beyond the limit for optional ones.
_MOST_REQUIRED = 400


@dataclass(slots=True)
class Room:
    """Limits the size of a generated value: schemas may be recursive and fan out.

    Below `optional` levels, or once as many members as `left` were written, a value has only
    required members, and nothing below the deepest level. Optional members are not nested in an
    object of the same schema more than once.
    """

    optional: int = 4
    deepest: int = 12
    left: int = 400
    _open: list[str] = field(default_factory=list)

    def takes_optional(self, schema: Any) -> bool:
        """Whether an optional member may be written; each call is counted."""
        self.left -= 1
        again = any(self._open.count(name) > 1 for name in _references(schema))
        return self.optional > 0 and self.left > 0 and not again

    @contextmanager
    def below(self, schema: Any) -> Iterator[bool]:
        """Context manager for one nesting level; yields false if the limit is reached."""
        names = _references(schema)
        self._open += names
        self.optional, self.deepest, self.left = self.optional - 1, self.deepest - 1, self.left - 1
        try:
            yield self.deepest > 0 and self.left > -_MOST_REQUIRED
        finally:
            self.optional, self.deepest = self.optional + 1, self.deepest + 1
            del self._open[len(self._open) - len(names) :]


def _references(schema: Any) -> list[str]:
    """Return the references of a schema and of its array items."""
    found: list[str] = []
    waiting = [schema]
    for node in waiting:
        if isinstance(node, Mapping):
            if isinstance(node.get("$ref"), str):
                found.append(node["$ref"])
            waiting += [node.get("items"), *(p for word in _BRANCHES for p in node.get(word, ()))]
    return found


@dataclass(frozen=True, slots=True)
class Filling:
    """Which members a body has, and with which values.

    `usual` members are the required ones, passwords and email addresses, or all of them if none is
    required; `named` adds every other name of a user. With `unique` every text that may have to be
    unique is generated for each user.
    """

    members: Literal["usual", "named", "required", "all"] = "usual"
    unique: bool = False
    passwords: tuple[str, ...] = _PASSWORDS


_PLAIN = Filling()
# The bodies to try for a registration, the most likely first.
REGISTRATIONS = (
    Filling(unique=True),
    Filling("required", unique=True),
    Filling("all", unique=True),
    Filling(unique=True, passwords=_OTHER_PASSWORDS),
)


def body_template(
    document: Document,
    schema: Any,
    name: str = "",
    filling: Filling = _PLAIN,
    room: Room | None = None,
) -> Any:
    """Create a valid value for a schema, with `${actor}` and `${unique}` in unique members.

    See `Filling` for the included members; read-only members are omitted.
    """
    original, schema = schema, flat(document, schema)
    properties = schema.get("properties")
    room = room or Room()
    if not isinstance(properties, Mapping):
        return _identity(document, name, schema, filling) or _example(
            document, schema, filling, room
        )
    required = schema.get("required")
    with room.below(original) as fits:
        return {
            key: body_template(document, member, key, filling, room)
            for key, member in (properties.items() if fits else ())
            if _is_wanted(document, key, member, required, filling, room)
        }


def _is_wanted(
    document: Document, name: str, member: Any, required: Any, filling: Filling, room: Room
) -> bool:
    schema = flat(document, member)
    if schema.get("readOnly"):
        return False
    if required and name in required:
        return True
    named = filling.members in ("usual", "named") and (is_password(name) or is_email(name, schema))
    named = named or (filling.members == "named" and is_name(name))
    return (not required or filling.members == "all" or named) and room.takes_optional(member)


def _identity(
    document: Document, name: str, schema: Mapping[str, Any], filling: Filling
) -> str | None:
    if "const" in schema or "enum" in schema or kind_of_value(schema) not in ("string", ""):
        return None
    candidates: tuple[str, ...]
    if is_email(name, schema):
        candidates = _EMAILS
    elif is_password(name):
        candidates = filling.passwords
    elif is_name(name):
        candidates = (*_NAMES, *(["${uuid}"] if filling.unique else []))
    elif filling.unique and _must_be_unique(name, schema):
        candidates = (*(_PHONES if _PHONE.search(name) else ()), *_NAMES, "${uuid}")
    else:
        return None
    found = next((text for text in candidates if takes_text(document, schema, text)), None)
    return found or (None if is_password(name) else drawn(schema)) or None


def _must_be_unique(name: str, schema: Mapping[str, Any]) -> bool:
    mentioned = _SAYS_UNIQUE.search(str(schema.get("description", "")))
    return bool(mentioned or _UNIQUE.search(name)) or schema.get("format") == "uuid"


def takes_text(document: Document, schema: Mapping[str, Any], text: str) -> bool:
    """Whether a schema accepts a text after its placeholders are replaced; an invalid one none."""
    for name, value in _SAMPLE.items():
        text = text.replace("${" + name + "}", value)
    return acceptor(document, schema)(text)


def acceptor(document: Document, schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Return a function that tells whether a schema accepts a value; an invalid one none."""
    # Compiling all components is slow, and few schemas of texts have a reference.
    refers = '"$ref"' in json.dumps(schema, default=str)
    rooted = {**schema, **({"components": document.modern.get("components")} if refers else {})}
    try:
        return jsonschema_rs.validator_for(rooted, validate_formats=True).is_valid
    except jsonschema_rs.ValidationError:
        # The schema itself is invalid, by its pattern, say.
        return lambda _: False


def _example(document: Document, schema: Mapping[str, Any], filling: Filling, room: Room) -> Any:
    for key in ("const", "default", "example"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    match kind_of_value(schema):
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "array":
            count = least_items(schema)
            items = schema.get("items", {})
            with room.below(None) as fits:
                return [
                    body_template(document, items, filling=filling, room=room)
                    for _ in range(count if fits else 0)
                ]
        case "object":
            return {}
        case "null":
            return None
        case _:
            return plain_text(schema)


def _number(schema: Mapping[str, Any]) -> Any:
    """Return a number well inside its bounds: nothing can be ordered from a stock of 0, say.

    A larger maximum leads to a larger number: a stock of up to a million exceeds a quantity of up
    to 99.
    """
    bounds = {key: value for key, value in schema.items() if isinstance(value, int | float)}
    above, below = bounds.get("exclusiveMinimum"), bounds.get("exclusiveMaximum", math.inf)
    least = bounds.get("minimum", 0 if above is None else above + 1)
    most = min(bounds.get("maximum", math.inf), below)
    if above is not None and not above < least < most:
        return (above + most) / 2
    if least < 0 or not bounds.keys() & {"minimum", "exclusiveMinimum"}:
        number = min(max(1, least), most)
    elif most < math.inf:
        number = least + math.isqrt(max(0, int(most - least)))
    else:
        number = least or _ENOUGH
    step = bounds.get("multipleOf")
    if step:
        number = math.ceil(number / step) * step
        number = _uneven(number, step, most)
    return number if number <= most and number != below else least


def _uneven(number: float, step: float, most: float) -> float:
    """Return a number with all its decimal places, as what is computed of it is rounded then.

    It is divided by the step without a remainder also by servers that do so in floating point.
    """
    steps = _UNEVEN if step < 1 else ()
    found = (round(number + count * step, _PLACES) for count in steps)
    return next((each for each in found if each < most and (each / step).is_integer()), number)


def kind_of_value(schema: Mapping[str, Any]) -> str:
    """Return the first type of a schema that is not `null`, empty if it has none."""
    given = schema.get("type", "")
    types = [given] if isinstance(given, str) else [name for name in given if name != "null"]
    return str(types[0]) if types else "null"
