"""A digest of the content alone is compared as a value; a server-generated digest is not."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from fixtures.scripted import Answers, answer, exchanger, plain_document

from lockstep.compare.answers import Comparer
from lockstep.inference.digests import contents, is_digest_of, same_sort
from lockstep.matching import Clock
from lockstep.matching.bijection import SymbolTable
from lockstep.openapi.document import Document
from lockstep.openapi.naming import kind_of
from lockstep.transport.messages import Outcome, Request

Digest = Callable[[str, int], str]
CONTENT = "Hello, you"


def sha256(text: str) -> str:
    """The SHA-256 digest in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def files(digest: Digest, first: int = 1, name: str = "checksum") -> Answers:
    """A file server whose responses contain a digest of each file."""
    numbers = count(first)

    def answers(request: Request) -> Outcome:
        content, number = json.loads(request.body or b"{}")["content"], next(numbers)
        return answer({"id": number, name: digest(content, number)}, 201)

    return answers


def upload(content: str) -> Request:
    headers = (("Content-Type", "application/json"),)
    return Request("POST", "/tasks", headers, json.dumps({"content": content}).encode())


def differences(left: Digest, right: Digest, *sent: str, name: str = "checksum") -> list[list[str]]:
    """The differences in each exchange when the same contents are sent to both servers."""
    lockstep, _ = exchanger(files(left, name=name), files(right, 70, name))
    found = [lockstep.send(upload(content)).differences["right"] for content in sent]
    return [[f"{one.kind} {one.where}" for one in several] for several in found]


WRONG = ["value body /checksum"]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (sha256, sha256, []),
        (sha256, lambda text: sha256(text + "\n"), WRONG),
        (sha256, lambda text: sha256(text).upper(), WRONG),
        (sha256, lambda text: hashlib.md5(text.encode()).hexdigest(), WRONG),
        (lambda text: f"sha256:{sha256(text)}", sha256, WRONG),
        (lambda text: f"{zlib.crc32(text.encode()):08x}", lambda _text: "0badcafe", WRONG),
    ],
)
def test_digest_of_the_request_content_is_compared(
    left: Callable[[str], str], right: Callable[[str], str], expected: list[str]
) -> None:
    found = differences(lambda text, _: left(text), lambda text, _: right(text), CONTENT, "Another")
    assert found == [expected, expected]


def test_digest_that_depends_on_a_server_id_is_not_compared() -> None:
    def salted(text: str, number: int) -> str:
        return sha256(f"{number}:{text}")

    assert differences(salted, salted, CONTENT, CONTENT, "Another") == [[], [], []]


def test_digest_equal_for_equal_contents_is_compared() -> None:
    def framed(text: str, _number: int) -> str:
        return sha256(f"<{text}>")

    def otherwise(text: str, _number: int) -> str:
        return sha256(f"[{text}]")

    found = differences(framed, otherwise, CONTENT, "Another", CONTENT, CONTENT)
    assert found == [[], [], WRONG, WRONG]


def test_digests_are_not_mapped_one_to_one() -> None:
    def salted(text: str, number: int) -> str:
        return sha256(f"{number}:{text}")

    assert differences(lambda text, _: sha256(f"<{text}>"), salted, CONTENT, CONTENT) == [[], []]


def test_entity_tag_in_a_body_is_opaque() -> None:
    for name in ("etag", "_etag", "eTag"):
        found = differences(
            lambda text, _: sha256(text), lambda text, _: sha256(f"[{text}]"), CONTENT, name=name
        )
        assert found == [[]]


DOCUMENT = Document(plain_document())


def listed(left: Any, right: Any, **headers: tuple[str, str]) -> list[tuple[str, str]]:
    comparer = Comparer(DOCUMENT, SymbolTable(["right"]), Clock(), leader="left")
    pair = [
        answer(body, headers={name.replace("_", "-"): both[at] for name, both in headers.items()})
        for at, body in enumerate((left, right))
    ]
    found = comparer.compare(DOCUMENT.operations["listTasks"], pair[0], pair[1], "right")
    return [(one.kind, one.where) for one in found]


def test_digest_of_a_sibling_property_is_compared() -> None:
    left = [{"id": 1, "text": CONTENT, "sha256": sha256(CONTENT)}]
    right = [{"id": 7, "text": CONTENT, "sha256": sha256(CONTENT + " ")}]
    assert listed(left, right) == [("value", "body /*/sha256")]


def test_digest_repeated_in_a_list_is_compared() -> None:
    left = [{"id": at, "digest": sha256("a")} for at in (1, 2)]
    right = [{"id": at, "digest": sha256("b")} for at in (7, 8)]
    assert listed(left, right) == [("value", "body /*/digest")]
    assert listed(left[:1], right[:1]) == []


def test_digest_header_is_checked_against_the_body() -> None:
    def md5(body: Any) -> str:
        return base64.b64encode(hashlib.md5(json.dumps(body).encode()).digest()).decode()

    left, right = [{"id": 1}], [{"id": 7}]
    assert listed(left, right, Content_MD5=(md5(left), md5(right))) == []
    assert listed(left, right, Content_MD5=(md5(left), md5(left))) == [
        ("header", "header content-md5")
    ]
    assert listed(left, left, Content_MD5=(md5(left), md5(right))) == [
        ("header", "header content-md5")
    ]


@pytest.mark.parametrize(
    "name", ["sha256", "file_md5", "contentMd5", "checksum", "crc32", "sha256sum", "hash"]
)
def test_digest_property_names(name: str) -> None:
    assert kind_of(name) == "digest"


def test_common_digest_encodings_are_recognised() -> None:
    raw = hashlib.sha256(b"abc").digest()
    coded = base64.b64encode(raw).decode()
    for text in (raw.hex(), raw.hex().upper(), coded, coded.rstrip("="), f"sha256-{coded}"):
        assert is_digest_of(text, b"abc")
    assert is_digest_of(f"sha-256=:{coded}:", b"abc")
    assert not is_digest_of(raw.hex(), b"abd")
    assert not same_sort(raw.hex(), coded)
    assert not same_sort(raw.hex(), raw.hex().upper())


def test_contents_are_string_properties_multipart_parts_and_whole_bodies() -> None:
    body = json.dumps({"name": "a", "data": base64.b64encode(b"raw bytes").decode()}).encode()
    assert {body, b"a", b"raw bytes"} <= set(contents(Request("PUT", "/", body=body)))
    form = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nthe file\r\n--x--\r\n'
    headers = (("Content-Type", "multipart/form-data; boundary=x"),)
    assert b"the file" in contents(Request("POST", "/", headers, form))
