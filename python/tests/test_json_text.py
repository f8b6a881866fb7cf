import pytest

from task_timer.utils.json_text import JsonError, dump_json, parse_json


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "Infinity",
        '"\\ud800"',
        '{"\\udc00":1}',
        "\ufeff{}",
        "{} {}",
        "[1,]",
        "01",
        '"\t"',
        "[[[]]]",
        "[" * 100_000,
    ],
)
def test_text_that_is_not_json_is_rejected(text: str) -> None:
    with pytest.raises(JsonError):
        parse_json(text.encode(), depth=2)


def test_invalid_utf8_is_rejected() -> None:
    with pytest.raises(JsonError):
        parse_json(b'"\xff"', depth=2)


@pytest.mark.parametrize("text", ['{"a":[1,2]}', "[[],{},3]", '{"a":1,"a":2,"b":3,"c":4}'])
def test_values_are_counted(text: str) -> None:
    parse_json(text.encode(), depth=2, count=3)
    with pytest.raises(JsonError):
        parse_json(text.encode(), depth=2, count=2)


@pytest.mark.parametrize("text", ['[1e400,"\\ud800"]', "[1e400,NaN]", "[1e400,"])
def test_out_of_range_number_does_not_hide_other_errors(text: str) -> None:
    with pytest.raises(JsonError):
        parse_json(text.encode(), depth=2)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 5000, "-0", "1.0", "1e2"])
def test_every_json_number_is_parsed(text: str) -> None:
    assert isinstance(parse_json(text.encode(), depth=1), int | float)


def test_last_duplicate_key_wins() -> None:
    assert parse_json(b'{"a":1,"__proto__":2,"a":3}', depth=1) == {"a": 3, "__proto__": 2}


def test_json_is_compact_and_not_escaped() -> None:
    assert (
        dump_json({"b": "é🚚\u2028", "a": [1, None]}) == '{"b":"é🚚\u2028","a":[1,null]}'.encode()
    )
