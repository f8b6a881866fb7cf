"""The dictionary of bounded size, and the mappings that are kept in it."""

from __future__ import annotations

from lockstep.matching.bijection import KEPT_PAIRS, Bijection
from lockstep.matching.bounded_dict import BoundedDict


def test_least_recently_set_item_is_evicted() -> None:
    known: BoundedDict[str, int] = BoundedDict(2)
    known["a"], known["b"] = 1, 2
    known["a"] = 3
    known["c"] = 4
    assert dict(known) == {"a": 3, "c": 4}
    assert known.setdefault("d", 5) == 5
    assert list(known) == ["c", "d"]


def test_pairs_that_are_seen_again_are_kept() -> None:
    symbols = Bijection()
    symbols.learn("id", "first", "one")
    for number in range(KEPT_PAIRS):
        if number == KEPT_PAIRS // 2:
            symbols.learn("id", "first", "one")
        symbols.learn("id", f"l{number}", f"r{number}")
    assert symbols.partner("id", "first") == "one"
    assert symbols.partner("id", "l0") is None
