"""Sentences about side effects: changes to databases, and calls to other services."""

from __future__ import annotations

import re

from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.words import by_value, code, names, shown

_VERBS = {"inserted": "inserted into", "changed": "changed in", "deleted": "deleted from"}
_EMPTY = "null"
_ABSENT = "absent"


def effects_sentence(context: SentenceContext) -> str:
    """Describe a difference in side effects, with targets and values, the leader's last."""
    if context.finding.where.startswith("calls "):
        return _call_sentence(context)
    if context.finding.kind == "statements":
        return _statements_sentence(context)
    finding = context.finding
    leader, *others = by_value(finding.values).items()
    value, who = others[0] if others else leader
    where, place = names(who), code(finding.where.removeprefix("rows "))
    there = names(leader[1])
    other, _, done = finding.kind.rpartition(" ")
    if other and done in _VERBS:
        return (
            f"{context.about}: different rows are {_VERBS[done]} {place} in {where} than in {there}"
        )
    if done == "deleted" and _number(value) < _number(leader[0]):
        left = f"{value} deleted, but {leader[0]} in {there}"
        return f"{context.about} leaves rows behind in {place} in {where}: {left}"
    if done in _VERBS:
        here = f"{value} {_VERBS[done]} {place} in {where}"
        return f"{context.about}: {here}, but {leader[0]} in {there}"
    if done == "untouched":
        changed, kept = (there, where) if value == "absent" else (where, there)
        return f"{context.about}: column {place} is changed in {changed}, but not in {kept}"
    if done == "cost":
        return (
            f"{context.about}: column {place} is hashed with {code(value)} in {where}, "
            f"but with {code(leader[0])} in {there}"
        )
    if _EMPTY in (value, leader[0]):
        empty, full, text = (where, there, leader[0]) if value == _EMPTY else (there, where, value)
        return f"{context.about}: column {place} is null in {empty}, but {shown(text)} in {full}"
    return (
        f"{context.about}: column {place} is {shown(value)} in {where}, "
        f"but {shown(leader[0])} in {there}"
    )


def _statements_sentence(context: SentenceContext) -> str:
    """Describe which side's SQL statements grow with the number of rows."""
    each = {name: re.findall(r"\d+", value) for name, value in context.finding.values.items()}
    grown = {name: int(found[2]) - int(found[0]) for name, found in each.items()}
    growing = max(grown, key=lambda name: grown[name])
    others = [name for name in context.finding.values if name != growing]
    values = context.finding.values
    beside = ", ".join(f"{values[name]} in {names([name])}" for name in others)
    return (
        f"{context.about}: the number of SQL statements grows with the number of rows in "
        f"{names([growing])}: {values[growing]}; {beside}"
    )


def _call_sentence(context: SentenceContext) -> str:
    """Describe a difference in calls: `where` is the place of the call, then the differing part."""
    finding = context.finding
    leader, *others = by_value(finding.values).items()
    value, who = others[0] if others else leader
    where, there = names(who), names(leader[1])
    method, url, *part = finding.where.removeprefix("calls ").split(" ")
    call = code(f"{method} {url}")
    if finding.kind == "calls":
        return f"{context.about}: {value} to {call} in {where}, but {leader[0]} in {there}"
    if part == ["url"]:
        return (
            f"{context.about}: {code(value)} is called in {where}, but {code(leader[0])} in {there}"
        )
    member = _part_of_call(part)
    if _ABSENT in (value, leader[0]):
        lacking, having = (where, there) if value == _ABSENT else (there, where)
        return f"{context.about}: the call {call} has {member} in {having}, but not in {lacking}"
    return (
        f"{context.about}: {member} of the call {call} is {shown(value)} in {where}, "
        f"but {shown(leader[0])} in {there}"
    )


def _part_of_call(part: list[str]) -> str:
    """Describe a part of a call: the member `a/b` of its body, the header `x`."""
    what, *rest = part or ["body"]
    name = " ".join(rest).removeprefix("/")
    kinds = {"query": "the parameter", "header": "the header", "body": "the member"}
    if not name:
        return f"the {what}"
    return f"{kinds.get(what, 'the member')} {code(name)}"


def _number(rows: str) -> int:
    return int(rows.split(" ")[0])
