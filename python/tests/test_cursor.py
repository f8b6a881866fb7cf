import base64

import pytest

from task_timer.utils.cursor import Cursor, decode_cursor, encode_cursor
from task_timer.utils.errors import InvalidCursorError

from .clients import Client

ID = "01936d5e-8a00-7000-8000-000000000001"


@pytest.mark.parametrize("value", ["2026-02-01T08:00:00.000Z", "Naïve 🚚", None])
def test_cursor_round_trip(value: str | None) -> None:
    cursor = Cursor("title", value, ID)
    assert decode_cursor(encode_cursor(cursor), "title") == cursor


def test_cursor_is_base64url_of_compact_json() -> None:
    text = encode_cursor(Cursor("due_at", None, ID))
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    assert content == f'{{"sort":"due_at","value":null,"id":"{ID}"}}'


def test_cursor_matches_independently_encoded_text() -> None:
    """`jq -cj . | basenc --base64url`, without the padding (RFC 4648, 5)."""
    cursor = Cursor("title", "Naïve 🚚 ÿÿþ??>>", ID)
    text = (
        "eyJzb3J0IjoidGl0bGUiLCJ2YWx1ZSI6Ik5hw692ZSDwn5qaIMO_w7_Dvj8_Pj4iLCJpZCI6IjAxOTM2ZDVlLThh"
        "MDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMSJ9"
    )
    assert encode_cursor(cursor) == text
    assert decode_cursor(text, "title") == cursor


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        "null",
        "[]",
        f'{{"value":null,"sort":"title","id":"{ID}"}}',
        f'{{"sort":"title","value":1,"id":"{ID}"}}',
        f'{{"sort":"-title","value":"a","id":"{ID}"}}',
        f'{{"sort": "title","value":"a","id":"{ID}"}}',
        '{"sort":"title","value":"a","id":1}',
        f'{{"sort":"title","value":"a","id":"{ID}","more":1}}',
    ],
)
def test_cursor_that_was_not_issued_is_rejected(content: str) -> None:
    text = base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidCursorError):
        decode_cursor(text, "title")


def test_non_zero_padding_bits_are_rejected() -> None:
    text = encode_cursor(Cursor("title", "a", ID))
    other = text[:-1] + chr(ord(text[-1]) + 1)
    with pytest.raises(InvalidCursorError):
        decode_cursor(other, "title")


def test_id_in_a_cursor_must_match_the_contract(client: Client) -> None:
    text = encode_cursor(Cursor("title", "a", ID.upper()))
    answer = client.get(f"tasks?sort=title&cursor={text}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_cursor")
