"""Answers for programs other than a reader: told by length and digest, and not kept whole."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from lockstep.transport.streams import bare

# Of a longer download no more than this is held in memory.
KEPT_BYTES = 2**20
# One that is longer still is not read to its end.
MOST_BYTES = 2**30
_BINARY = re.compile(r"(audio|font|image|model|video)/.*|application/.*")
# What is text though it is called an application's, or an image.
_TEXTUAL = re.compile(
    r".*(json|xml|yaml|toml|script|graphql|urlencoded|sql|x-sh\b|csv|http|text|html|problem|x-tex).*"
    r"|application/(jose|jwt|sdp|sparql-query|rtf|x-pem-file|pem-certificate-chain)"
)
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of a body that is not kept: its length in bytes and its SHA-256 in hex."""

    length: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.length:,} byte{'s' * (self.length != 1)}, sha256 {self.sha256[:_SHOWN]}…"


def whole(body: bytes) -> Whole:
    """The length and the digest of a body."""
    return Whole(len(body), hashlib.sha256(body).hexdigest())


def is_binary(content_type: str | None) -> bool:
    """Whether bodies of a media type are no text: archives, images, documents of programs."""
    plain = bare(content_type)
    return bool(_BINARY.fullmatch(plain)) and not _TEXTUAL.fullmatch(plain)


class Download:
    """A body as it comes: its beginning, its length, its digest."""

    def __init__(self, kept: int = KEPT_BYTES) -> None:
        self._most = kept
        self._beginning = bytearray()
        self._digest = hashlib.sha256()
        self.length = 0

    def add(self, part: bytes) -> None:
        """Take in the next bytes."""
        self.length += len(part)
        self._digest.update(part)
        self._beginning += part[: max(0, self._most - len(self._beginning))]

    @property
    def body(self) -> bytes:
        """As much of it as is kept."""
        return bytes(self._beginning)

    @property
    def whole(self) -> Whole | None:
        """What is known of all of it; `None` if all of it is kept."""
        if self.length <= self._most:
            return None
        return Whole(self.length, self._digest.hexdigest())
