"""Sentences about what targets do to their databases."""

from __future__ import annotations

from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.words import by_value, code, names, shown

_VERBS = {"inserted": "inserted into", "changed": "changed in", "deleted": "deleted from"}
_EMPTY = "null"


def effects_sentence(told: SentenceContext) -> str:
    """What was written otherwise, with the targets and the values: the leader's comes last."""
    finding = told.finding
    leader, *others = by_value(finding.values).items()
    value, who = others[0] if others else leader
    where, place = names(who), code(finding.where.removeprefix("rows "))
    there = names(leader[1])
    other, _, done = finding.kind.rpartition(" ")
    if other and done in _VERBS:
        return f"{told.about}: other rows are {_VERBS[done]} {place} in {where} than in {there}"
    if done == "deleted" and _number(value) < _number(leader[0]):
        left = f"{value} deleted, {leader[0]} in {there}"
        return f"{told.about} leaves rows behind in {place} in {where}: {left}"
    if done in _VERBS:
        return f"{told.about}: {value} {_VERBS[done]} {place} in {where}, {leader[0]} in {there}"
    if done == "untouched":
        changed, kept = (there, where) if value == "absent" else (where, there)
        return f"{told.about}: column {place} is changed in {changed}, and not in {kept}"
    if done == "cost":
        return (
            f"{told.about}: column {place} is hashed with {code(value)} in {where}, "
            f"with {code(leader[0])} in {there}"
        )
    if _EMPTY in (value, leader[0]):
        empty, full, text = (where, there, leader[0]) if value == _EMPTY else (there, where, value)
        return f"{told.about}: column {place} is empty in {empty}, and {shown(text)} in {full}"
    return (
        f"{told.about}: column {place} is {shown(value)} in {where}, {shown(leader[0])} in {there}"
    )


def _number(rows: str) -> int:
    return int(rows.split(" ")[0])
