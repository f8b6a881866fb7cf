"""Binary downloads, which are compared by length and digest and not kept in memory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from lockstep.transport.streams import bare

# The first bytes of a download that are kept in memory.
KEPT_BYTES = 2**20
# The maximum size of a download; a longer one is not read to its end.
MOST_BYTES = 2**30
_BINARY = re.compile(r"(audio|font|image|model|video)/.*|application/.*")
# Types in `application/` and `image/` that are text.
_TEXTUAL = re.compile(
    r".*(json|xml|yaml|toml|script|graphql|urlencoded|sql|x-sh\b|csv|http|text|html|problem|x-tex).*"
    r"|application/(jose|jwt|sdp|sparql-query|rtf|x-pem-file|pem-certificate-chain)"
)
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Whole:
    """The length in bytes and the hexadecimal SHA-256 of a body that is not kept."""

    length: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.length:,} byte{'s' * (self.length != 1)}, sha256 {self.sha256[:_SHOWN]}…"


def whole(body: bytes) -> Whole:
    """Return the length and the digest of a body."""
    return Whole(len(body), hashlib.sha256(body).hexdigest())


def is_binary(content_type: str | None) -> bool:
    """Whether bodies of a media type are binary: archives, images, office documents."""
    plain = bare(content_type)
    return bool(_BINARY.fullmatch(plain)) and not _TEXTUAL.fullmatch(plain)


class Download:
    """A body that is read in parts: its first bytes, its length and its digest."""

    def __init__(self, kept: int = KEPT_BYTES) -> None:
        self._most = kept
        self._beginning = bytearray()
        self._digest = hashlib.sha256()
        self.length = 0

    def add(self, part: bytes) -> None:
        """Add the next bytes."""
        self.length += len(part)
        self._digest.update(part)
        self._beginning += part[: max(0, self._most - len(self._beginning))]

    @property
    def body(self) -> bytes:
        """The first bytes, up to the limit."""
        return bytes(self._beginning)

    @property
    def whole(self) -> Whole | None:
        """The length and the digest; `None` if the body is kept completely."""
        if self.length <= self._most:
            return None
        return Whole(self.length, self._digest.hexdigest())
