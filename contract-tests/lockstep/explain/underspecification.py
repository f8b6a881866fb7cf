"""The sentence that a document lacks if responses differ and all of them conform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lockstep.explain.words import code, listed, same_number
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import Place
from lockstep.results.conditions import kinds_of
from lockstep.results.findings import Finding
from lockstep.transport.literals import LISTED
from lockstep.transport.messages import Response

_OF_SERVERS = {
    "connection": "`Connection` applies to a single connection only (RFC 9110, section 7.6.1).",
    "date": "A server with a clock must send `Date` (RFC 9110, section 6.6.1).",
    "keep-alive": "Each server decides how long to keep connections (RFC 9112, section 9.3).",
    "server": "Whether to send `Server` is up to each server (RFC 9110, section 10.2.4).",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """An underspecified place; `when` describes the conditions of the request."""

    finding: Finding
    operation: Operation
    place: Place
    when: str

    @property
    def call(self) -> str:
        """The operation as code."""
        return code(f"{self.operation.method} {self.operation.path}")

    @property
    def values(self) -> list[str]:
        """The values of the leader and one partner."""
        return list(self.finding.values.values())


def lacking(gap: Gap) -> str:
    """Return the sentence that is missing from the document, or would have decided."""
    kind = gap.finding.kind if gap.finding.kind in _BY_KIND else gap.finding.where.split(" ")[0]
    return _BY_KIND.get(kind, _anything)(gap)


def _status(gap: Gap) -> str:
    statuses = sorted(gap.values)
    keys = [_key_of(gap.operation, status) for status in statuses]
    documented = f"Both {listed(statuses)} are documented for {gap.call}"
    if any(key != status for key, status in zip(keys, statuses, strict=True)):
        ranges = [code(key) for key in dict.fromkeys(keys) if key]
        allow = "allow" if len(ranges) > 1 else "allows"
        documented = f"{listed(ranges)} {allow} {listed(statuses)}"
        documented += f" for {gap.call}"
    if all(status.startswith("4") for status in statuses) and not _thing(gap):
        return f"{documented}; the document does not state which check comes first{gap.when}."
    return f"{documented}; the document does not state which one applies{gap.when}."


def _thing(gap: Gap) -> bool:
    """Whether the conditions concern the ownership or the existence of a resource."""
    kinds = kinds_of(gap.finding.conditions)
    return bool(kinds & {"unknown thing", "deleted thing", "another's thing", "oneself"})


def _key_of(operation: Operation, status: str) -> str:
    keys = (status, f"{status[:1]}XX", f"{status[:1]}xx", "default")
    return next((key for key in keys if key in operation.responses), "")


def _header(gap: Gap) -> str:
    name = gap.finding.where.removeprefix("header ")
    if name in _OF_SERVERS:
        return _OF_SERVERS[name]
    answer = gap.finding.sequence[-1].leader
    status = answer.status if isinstance(answer, Response) else 0
    response = gap.operation.response_for(status)
    definition = response.headers.get(name) if response is not None else None
    if definition is None:
        return f"The header {code(name)} is not documented for {status} of {gap.call}."
    if "absent" in gap.values:
        return f"The header {code(name)} is documented for {gap.call}, but not as required."
    return _form_of(f"the header {code(name)} of {gap.call}", definition.get("schema", {}))


def _extra(gap: Gap) -> str:
    place = gap.place
    if place.documented and place.member in place.owner.get("properties", {}):
        return f"{code(place.name)} is optional; the document does not state when it is omitted."
    owner = code(place.owner_name) if place.owner_name else f"the body of {gap.call}"
    lacking = code("additionalProperties: false")
    return f"{_first(owner)} allows additional members: it has no {lacking}."


def _type(gap: Gap) -> str:
    place = gap.place
    if not place.documented or not place.types:
        return f"{_first(_name(gap))} has no type."
    types = " or ".join(place.types)
    return f"{_first(_name(gap))} may be {types}; the document does not state when it is which."


def _value(gap: Gap) -> str:
    name, schema = _name(gap), gap.place.schema
    left, right = (text.strip('"') for text in gap.values[:2])
    if same_number([left, right]):
        notations = f"{code(left)} or {code(right)}"
        return f"The document does not state how the number {name} is written: {notations}."
    if left.lower() == right.lower():
        return f"The document does not state whether the letter case of {name} is kept."
    if left.strip() == right.strip():
        return f"The document does not state whether white space around {name} is kept."
    shorter, longer = sorted((left, right), key=len)
    if shorter and longer.startswith(shorter) and "maxLength" not in schema:
        return f"{_first(name)} has no maxLength."
    if "enum" in schema:
        return f"The document does not state which value of its enum {name} has here."
    if "default" not in schema and "null" in (left, right):
        return f"{_first(name)} has no default, and the document does not state when it is null."
    return f"The document does not state which value {name} has here."


def _form(gap: Gap) -> str:
    return _form_of(_name(gap), gap.place.schema)


def _form_of(name: str, schema: Mapping[str, object]) -> str:
    if "pattern" in schema:
        return f"The pattern of {name} allows both formats."
    if "format" in schema:
        written = code(f"format: {schema['format']}")
        return f"{written} allows both values; no pattern states which format {name} has."
    return f"No pattern states which format {name} has."


def _time(gap: Gap) -> str:
    return f"The document does not state which point in time {_name(gap)} is."


def _length(gap: Gap) -> str:
    limit = next((p for p in gap.operation.parameters if p.name in _LIMITS), None)
    sent = gap.finding.sequence[-1].request.path
    given = limit is not None and f"{limit.name}=" in sent
    if limit is not None and not given and not limit.has_default:
        return f"The parameter {code(limit.name)} of {gap.call} has no stated default."
    if limit is not None and given:
        limits = f"{code(limit.name)} limits the number of elements of {_name(gap)}"
        return f"The document does not state that {limits}."
    return f"The document does not state which elements {_name(gap)} contains."


def _symbol(gap: Gap) -> str:
    if "*" in gap.finding.where:
        of = gap.finding.where.partition("/")[2].partition("/*")[0]
        listed = code(of) if of else f"the list of {gap.call}"
        return f"The order of {listed} is not stated."
    return f"The document does not state which resource {_name(gap)} refers to."


def _order(gap: Gap) -> str:
    if LISTED.match(gap.values[0]):
        return f"The document does not state the order of the elements of {_name(gap)} here."
    return "No document can state the order of members: JSON has none (RFC 8259, section 4)."


def _unstated(gap: Gap) -> str:
    what = {
        "connection": "Whether the connection is kept open (RFC 9112, section 9.3)",
        "cookie": "The value and attributes of a cookie (RFC 6265)",
        "token": "The content of a token",
    }[gap.finding.kind]
    return f"{what}: the document does not state this for {gap.call}."


def _bytes(gap: Gap) -> str:
    if gap.place.documented:
        return "JSON allows any white space and escapes (RFC 8259, sections 2 and 7)."
    return f"The document does not state which bytes {gap.call} returns."


def _anything(gap: Gap) -> str:
    return f"The document does not state this for {gap.call}."


def _name(gap: Gap) -> str:
    return code(gap.place.name) if gap.place.member else f"the body of {gap.call}"


def _first(text: str) -> str:
    return text[0].upper() + text[1:]


_LIMITS: Sequence[str] = ("limit", "page_size", "pageSize", "per_page", "perPage", "count", "size")
_BY_KIND: Mapping[str, Callable[[Gap], str]] = {
    "status": _status,
    "header": _header,
    "extra": _extra,
    "missing": _extra,
    "type": _type,
    "value": _value,
    "elapsed": _value,
    "form": _form,
    "time": _time,
    "length": _length,
    "elements": _length,
    "connection": _unstated,
    "cookie": _unstated,
    "token": _unstated,
    "symbol": _symbol,
    "order": _order,
    "bytes": _bytes,
}
