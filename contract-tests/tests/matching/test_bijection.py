"""The one-to-one mapping between values of two servers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstep.matching.bijection import Bijection, Mismatch
from lockstep.matching.transaction import Transaction

IDS = st.uuids(version=4).map(str)


def test_value_keeps_its_partner() -> None:
    symbols = Bijection()
    assert symbols.learn("id", "a" * 20, "b" * 20) is None
    assert symbols.learn("id", "a" * 20, "b" * 20) is None
    assert symbols.partner("id", "a" * 20) == "b" * 20


def test_second_partner_is_a_mismatch_on_either_side() -> None:
    symbols = Bijection()
    symbols.learn("id", "left1", "right1")
    assert symbols.learn("id", "left1", "right2") == Mismatch(
        "id", "left1", "right2", "left", "right1"
    )
    assert symbols.learn("id", "left2", "right1") == Mismatch(
        "id", "left2", "right1", "right", "left1"
    )
    assert symbols.partner("id", "left2") is None


def test_kinds_are_independent() -> None:
    symbols = Bijection()
    symbols.learn("id", "left", "right")
    assert symbols.learn("etag", "left", "other") is None


def test_known_values_are_translated_inside_text() -> None:
    symbols = Bijection()
    symbols.learn("id", "left-0123456789abcdef", "right-0123456789abcdef")
    text = r'/x/left-0123456789abcdef?q=%22left-0123456789abcdef%22 "\nleft-0123456789abcdef"'
    assert symbols.translate(text) == text.replace("left", "right")


def test_parts_of_longer_values_are_left_alone() -> None:
    symbols = Bijection()
    symbols.learn("id", "left-0123456789abcdef", "right-0123456789abcdef")
    assert symbols.translate("xleft-0123456789abcdefx") == "xleft-0123456789abcdefx"


def test_short_values_are_never_replaced() -> None:
    symbols = Bijection()
    symbols.learn("etag", "7", "8")
    assert symbols.translate("7 of 77") == "7 of 77"


def test_values_with_special_characters_are_replaced() -> None:
    symbols = Bijection()
    symbols.learn("cursor", "abc+def/gh==", "xyz+def/gh==")
    assert symbols.translate("c=abc+def/gh==&d") == "c=xyz+def/gh==&d"


def test_latest_partner_of_a_timestamp_is_used() -> None:
    symbols = Bijection()
    symbols.learn_time("2026-01-01T10:00:00.001Z", "2026-01-01T10:00:00.003Z")
    symbols.learn_time("2026-01-01T10:00:00.001Z", "2026-01-01T10:00:00.004Z")
    assert symbols.translate("?t=2026-01-01T10%3A00%3A00.001Z") == "?t=2026-01-01T10%3A00%3A00.004Z"


def test_transaction_is_discarded_unless_confirmed() -> None:
    symbols = Bijection()
    left, right = "left-0123456789abcdef", "right-0123456789abcdef"
    Transaction(symbols).learn("id", left, right)
    assert symbols.translate(left) == left
    trial = Transaction(symbols)
    trial.learn("id", left, right)
    assert trial.translate(f"/x/{left}") == f"/x/{right}"
    trial.confirm()
    assert symbols.translate(left) == right


def test_transaction_can_be_rolled_back_partly() -> None:
    symbols = Bijection()
    symbols.learn("id", "1", "11")
    trial = Transaction(symbols)
    trial.learn("id", "2", "12")
    size = trial.size
    trial.learn("id", "3", "13")
    trial.learn_time("2026-01-01T10:00:00.001Z", "2026-01-01T10:00:00.003Z")
    assert trial.check("id", "4", "13") is not None
    trial.roll_back(size)
    trial.confirm()
    assert [symbols.partner("id", left) for left in ("1", "2", "3")] == ["11", "12", None]
    assert symbols.translate("2026-01-01T10:00:00.001Z") == "2026-01-01T10:00:00.001Z"


def test_tokens_may_map_many_to_one() -> None:
    symbols = Bijection()
    assert symbols.learn("token", "left1", "right") is None
    assert symbols.learn("token", "left2", "right") is None
    assert symbols.learn("token", "left2", "other") is None
    assert (symbols.partner("token", "left1"), symbols.partner("token", "left2")) == (
        "right",
        "other",
    )


def test_released_value_can_be_mapped_again() -> None:
    symbols = Bijection()
    symbols.learn("article.slug", "hello", "hello-73")
    trial = Transaction(symbols)
    assert trial.check("article.slug", "hello", "hello-74") is not None
    trial.release("article.slug", "hello")
    assert trial.check("article.slug", "hello", "hello-74") is None
    assert trial.partner_of("article.slug", "hello") == "hello-73"
    assert trial.holder_of("article.slug", "hello") is None
    trial.learn("article.slug", "hello", "hello-74")
    trial.confirm()
    assert symbols.check("article.slug", "hello", "hello-73") is not None


@given(st.dictionaries(IDS, IDS, min_size=1), st.lists(st.text('/?&= ,;"{}:', max_size=3)))
def test_translation_round_trip_is_the_identity(pairs: dict[str, str], gaps: list[str]) -> None:
    one_to_one = {right: left for left, right in pairs.items()}
    there, back = Bijection(), Bijection()
    for right, left in one_to_one.items():
        there.learn("id", left, right)
        back.learn("id", right, left)
    words = [word for pair in zip(one_to_one.values(), [*gaps, " "], strict=False) for word in pair]
    text = "".join(words)
    assert back.translate(there.translate(text)) == text
