"""One sentence for each finding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from lockstep.explain import broken_rules
from lockstep.explain.effects import effects_sentence
from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.severity import leaks
from lockstep.explain.words import by_value, code, contrasted, does, listed, names, place, shown
from lockstep.results.findings import EFFECTS, PARITY, RACE, STORY, TRAP
from lockstep.transport.literals import LISTED

# Maximum number of items that are listed by name.
_MOST_NAMED = 5


def sentence(context: SentenceContext) -> str:
    """Describe a finding with its targets, operation, place and values."""
    finding = context.finding
    if finding.category == PARITY:
        return _PARITY.get(finding.kind, _differs)(context) + "."
    if finding.category == EFFECTS:
        return effects_sentence(context) + "."
    if finding.category == STORY:
        values = "; ".join(f"{name}: {shown(text, 200)}" for name, text in finding.values.items())
        return f"{finding.where} ({context.call}) fails. {values}."
    if finding.category == RACE and finding.where.startswith(f"{finding.operation}: "):
        values = "; ".join(f"on {name}, {text}" for name, text in finding.values.items())
        rest = finding.where.removeprefix(finding.operation)
        return f"{code(finding.operation)}{rest}, at the same time: {values}."
    if finding.category in (TRAP, RACE):
        values = "; ".join(f"{name}: {shown(text, 200)}" for name, text in finding.values.items())
        if finding.where.startswith(f"{finding.operation}: "):
            rest = finding.where.removeprefix(finding.operation)
            return f"{code(finding.operation)}{rest}: {values}."
        return f"{finding.where} ({finding.operation}): {values}."
    if finding.kind in broken_rules.BY_KIND:
        return (
            broken_rules.BY_KIND[finding.kind](context, finding.at_fault or finding.targets) + "."
        )
    detail = next(iter(finding.values.values()), finding.kind)
    violates = does(finding.at_fault or finding.targets, "violates")
    return f"{violates} a rule in the response to {context.call}: {shown(detail, 200)}."


def _sides(context: SentenceContext) -> list[tuple[list[str], str]]:
    """Return (targets, value) for each value, the leader's last, as the reference."""
    first, *others = by_value(context.finding.values).items()
    return [(who, value) for value, who in (*others, first)]


def _status(context: SentenceContext) -> str:
    (who, value), *others = _sides(context)
    parts = [f"{does(who, 'responds')} with {value}"]
    parts += [f"{names(who)} with {value}" for who, value in others]
    return f"{contrasted(parts)} to {context.about}"


def _outcome(context: SentenceContext) -> str:
    parts = [
        f"{does(who, 'responds')} with {value.removeprefix('answered ')}"
        if value.startswith("answered")
        else f"{does(who, 'does')} not respond ({value})"
        for who, value in _sides(context)
    ]
    return f"{contrasted(parts)} to {context.about}"


def _header(context: SentenceContext) -> str:
    if context.finding.also:
        return _several(context, "sends", "header")
    name = code(context.finding.where.removeprefix("header "))
    parts = [
        f"{does(who, 'sends')} no {name} header"
        if value == "absent"
        else f"{does(who, 'sends')} {name}: {_quoted(value)}"
        for who, value in _sides(context)
    ]
    return f"{contrasted(parts)}, in {context.response}"


def _connection(context: SentenceContext) -> str:
    parts = [f"{names(who)}: {value}" for who, value in _sides(context)]
    return f"the connection is handled differently after {context.response} ({'; '.join(parts)})"


def _inside(context: SentenceContext) -> str:
    """Describe a cookie attribute or a token claim."""
    if context.finding.also:
        return _several(context, "sets", "cookie")
    what = f"{context.finding.kind} {code(context.finding.where.partition(' ')[2])}"
    parts = [f"{does(who, 'has')} {_quoted(value)}" for who, value in _sides(context)]
    return f"the {what} differs: {contrasted(parts)}, in {context.response}"


def _several(context: SentenceContext, verb: str, what: str) -> str:
    """Describe items that only one side has, and always together."""
    having = [name for who, value in _sides(context) if value != "absent" for name in who]
    lacking = [name for who, value in _sides(context) if value == "absent" for name in who]
    places = [context.finding.where, *context.finding.also]
    named = [code(re.sub(r"^(body /|header set-cookie |header )", "", each)) for each in places]
    more = [f"{len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    which = f"the {what}s {listed([*named[:_MOST_NAMED], *more])}"
    if not (having and lacking):
        # The values were not kept.
        return f"{which} are sent by one side only, in {context.response}"
    return f"{does(having, verb)} {which}, which {does(lacking, 'does')} not, in {context.response}"


def _member(context: SentenceContext) -> str:
    if context.finding.also:
        return _several(context, "has", "member")
    where = place(context.finding.where)
    having = [(who, value) for who, value in _sides(context) if value != "absent"]
    lacking = [name for who, value in _sides(context) if value == "absent" for name in who]
    who, value = having[0] if having else (list(context.finding.targets), "?")
    if leaks(context.finding, context.place):
        exposes = does(who, "exposes")
        return f"{exposes} {where} to the client ({_quoted(value)}), in {context.response}"
    if context.finding.kind == "missing":
        without = f"{does(lacking, 'has')} no {where}" if lacking else f"{where} is missing"
        return f"{without}, which {does(who, 'has')} ({_quoted(value)}), in {context.response}"
    only = f", which {does(lacking, 'does')} not have" if lacking else ""
    return f"{does(who, 'has')} {where} ({_quoted(value)}){only}, in {context.response}"


def _differs(context: SentenceContext) -> str:
    parts = [f"{does(who, 'has')} {_quoted(value)}" for who, value in _sides(context)]
    return f"{_subject(context)} differs: {contrasted(parts)}, in {context.response}"


def _length(context: SentenceContext) -> str:
    parts = [f"{does(who, 'has')} {shown(value)}" for who, value in _sides(context)]
    return f"{contrasted(parts)} in {place(context.finding.where)} of {context.response}"


def _symbol(context: SentenceContext) -> str:
    who = names(_sides(context)[0][0])
    where = place(context.finding.where)
    if "*" in context.finding.where:
        differing = "refers to different resources, or lists them in a different order"
        return f"{where} {differing}, on {who}, in {context.response}"
    other = f"refers to a different resource on {who} than in earlier responses"
    return f"{where} {other}, in {context.response}"


def _form(context: SentenceContext) -> str:
    return _differs(context).replace(" differs: ", " has a different format: ", 1)


def _order(context: SentenceContext) -> str:
    who, left = _sides(context)[0]
    what = "elements" if LISTED.match(left) else "members"
    returns, where = does(who, "returns"), place(context.finding.where)
    return f"{returns} the {what} of {where} in a different order, in {context.response}"


def _bytes(context: SentenceContext) -> str:
    if not all(map(_is_json, context.finding.values.values())):
        return _differs(context)
    parts = [f"{len(value.encode())} bytes on {names(who)}" for who, value in _sides(context)]
    same = "the same JSON is serialized differently (white space, escapes, number format)"
    return f"{same}: {contrasted(parts)}, in {context.response}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _subject(context: SentenceContext) -> str:
    return place(context.finding.where)


def _quoted(value: str) -> str:
    return shown(value)


_PARITY: Mapping[str, Callable[[SentenceContext], str]] = {
    "status": _status,
    "outcome": _outcome,
    "header": _header,
    "missing": _member,
    "extra": _member,
    "length": _length,
    "elements": _length,
    "connection": _connection,
    "cookie": _inside,
    "token": _inside,
    "symbol": _symbol,
    "form": _form,
    "order": _order,
    "bytes": _bytes,
}
