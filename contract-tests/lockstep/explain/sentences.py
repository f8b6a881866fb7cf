"""One sentence for each finding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from lockstep.explain import broken_rules
from lockstep.explain.effects import effects_sentence
from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.severity import leaks
from lockstep.explain.words import by_value, code, does, listed, names, place, shown
from lockstep.results.findings import EFFECTS, PARITY, RACE, STORY, TRAP
from lockstep.transport.literals import LISTED

# Maximum number of items that are listed by name.
_MOST_NAMED = 5


def sentence(told: SentenceContext) -> str:
    """Describe a finding with its targets, operation, place and values."""
    finding = told.finding
    if finding.category == PARITY:
        return _PARITY.get(finding.kind, _differs)(told) + "."
    if finding.category == EFFECTS:
        return effects_sentence(told) + "."
    if finding.category == STORY:
        said = "; ".join(f"{name}: {shown(text, 200)}" for name, text in finding.values.items())
        return f"{finding.where} ({told.call}) has another outcome. {said}."
    if finding.category in (TRAP, RACE):
        said = "; ".join(f"{name}: {shown(text, 200)}" for name, text in finding.values.items())
        if finding.where.startswith(f"{finding.operation}: "):
            rest = finding.where.removeprefix(finding.operation)
            return f"{code(finding.operation)}{rest}: {said}."
        return f"{finding.where} ({finding.operation}): {said}."
    if finding.kind in broken_rules.BY_KIND:
        return broken_rules.BY_KIND[finding.kind](told, finding.at_fault or finding.targets) + "."
    said = next(iter(finding.values.values()), finding.kind)
    broken = does(finding.at_fault or finding.targets, "breaks")
    return f"{broken} a rule at {told.call}: {shown(said, 200)}."


def _sides(told: SentenceContext) -> list[tuple[list[str], str]]:
    """Return (targets, value) for each value, the leader's last, as the reference."""
    first, *others = by_value(told.finding.values).items()
    return [(who, value) for value, who in (*others, first)]


def _status(told: SentenceContext) -> str:
    parts = [f"{does(who, 'answers')} {value}" for who, value in _sides(told)]
    return f"{' where '.join(parts)} to {told.about}"


def _outcome(told: SentenceContext) -> str:
    parts = [
        f"{does(who, 'answers')} {value.removeprefix('answered ')}"
        if value.startswith("answered")
        else f"{does(who, 'does')} not answer ({value})"
        for who, value in _sides(told)
    ]
    return f"{' where '.join(parts)} to {told.about}"


def _header(told: SentenceContext) -> str:
    if told.finding.also:
        return _several(told, "sends", "header")
    name = code(told.finding.where.removeprefix("header "))
    parts = [
        f"{does(who, 'sends')} no header {name}"
        if value == "absent"
        else f"{does(who, 'sends')} {name}: {_quoted(value)}"
        for who, value in _sides(told)
    ]
    return f"{', '.join(parts)}, in the answer to {told.about}"


def _connection(told: SentenceContext) -> str:
    parts = [f"{names(who)}: {value}" for who, value in _sides(told)]
    return f"the connection after {told.answer} ends differently ({'; '.join(parts)})"


def _inside(told: SentenceContext) -> str:
    """Describe a cookie attribute or a token claim."""
    if told.finding.also:
        return _several(told, "sets", "cookie")
    what = f"{told.finding.kind} {code(told.finding.where.partition(' ')[2])}"
    parts = [f"{does(who, 'has')} {_quoted(value)}" for who, value in _sides(told)]
    return f"the {what} differs: {' where '.join(parts)}, in {told.answer}"


def _several(told: SentenceContext, verb: str, what: str) -> str:
    """Describe items that only one side has, and always together."""
    having = [name for who, value in _sides(told) if value != "absent" for name in who]
    lacking = [name for who, value in _sides(told) if value == "absent" for name in who]
    places = [told.finding.where, *told.finding.also]
    named = [code(re.sub(r"^(body /|header set-cookie |header )", "", each)) for each in places]
    more = [f"{len(named) - _MOST_NAMED} more"] if len(named) > _MOST_NAMED else []
    which = f"the {what}s {listed([*named[:_MOST_NAMED], *more])}"
    if not (having and lacking):
        # The values were not kept.
        return f"{which} are sent by one side only, in {told.answer}"
    return f"{does(having, verb)} {which}, which {does(lacking, 'does')} not, in {told.answer}"


def _member(told: SentenceContext) -> str:
    if told.finding.also:
        return _several(told, "has", "member")
    where = place(told.finding.where)
    having = [(who, value) for who, value in _sides(told) if value != "absent"]
    lacking = [name for who, value in _sides(told) if value == "absent" for name in who]
    who, value = having[0] if having else (list(told.finding.targets), "?")
    if leaks(told.finding, told.place):
        return f"{does(who, 'shows')} {where} to the client ({_quoted(value)}), in {told.answer}"
    if told.finding.kind == "missing":
        without = f"{does(lacking, 'has')} no {where}" if lacking else f"{where} is missing"
        return f"{without}, which {does(who, 'has')} ({_quoted(value)}), in {told.answer}"
    only = f", which {does(lacking, 'does')} not have" if lacking else ""
    return f"{does(who, 'has')} {where} ({_quoted(value)}){only}, in {told.answer}"


def _differs(told: SentenceContext) -> str:
    parts = [f"{does(who, 'has')} {_quoted(value)}" for who, value in _sides(told)]
    return f"{_subject(told)}: {' where '.join(parts)}, in {told.answer}"


def _length(told: SentenceContext) -> str:
    parts = [f"{does(who, 'has')} {shown(value)}" for who, value in _sides(told)]
    return f"{' where '.join(parts)} in {place(told.finding.where)} of {told.answer}"


def _symbol(told: SentenceContext) -> str:
    who = names(_sides(told)[0][0])
    where = place(told.finding.where)
    if "*" in told.finding.where:
        return f"{where} in {told.answer} names other things, or in another order, on {who}"
    return f"{where} in {told.answer} names another thing on {who} than before"


def _form(told: SentenceContext) -> str:
    return _differs(told).replace(": ", " has another format: ", 1)


def _order(told: SentenceContext) -> str:
    who, left = _sides(told)[0]
    what = "elements" if LISTED.match(left) else "members"
    writer, where = does(who, "writes"), place(told.finding.where)
    return f"{writer} the {what} of {where} in another order, in {told.answer}"


def _bytes(told: SentenceContext) -> str:
    if not all(map(_is_json, told.finding.values.values())):
        return _differs(told)
    parts = [f"{names(who)} in {len(value.encode())}" for who, value in _sides(told)]
    same = "the same JSON is written in other bytes (white space, escapes, form of numbers)"
    return f"{same}: {' where '.join(parts)}, in {told.answer}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _subject(told: SentenceContext) -> str:
    return place(told.finding.where)


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
