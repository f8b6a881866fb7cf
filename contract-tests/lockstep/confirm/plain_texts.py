"""Makes the texts of a request plain, as experiments on what is done to all texts need it."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from lockstep.transport.messages import Request

# What a text may be in which all servers count as many characters.
_PLAIN = "a"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# In JSON: characters beyond ASCII, those beyond the BMP as a pair (RFC 8259, section 7).
_ESCAPED = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u(?!00[0-7])[0-9a-fA-F]{4}"
)
# In a URL: the bytes of characters beyond ASCII (RFC 3986, section 2.5).
_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")


def with_plain_texts(request: Request) -> Request | None:
    """Return a request with a letter for each character beyond ASCII; `None` if it has none.

    Also `None` for a body that is no text in UTF-8.
    """
    path = _ENCODED.sub(lambda match: _PLAIN * len(unquote(match[0])), request.path)
    try:
        body = _plain_body(request.body) if request.body is not None else None
    except UnicodeDecodeError:
        return None
    plain = replace(request, path=path, body=body)
    return plain if plain != request else None


def _plain_body(body: bytes) -> bytes:
    text = _NOT_ASCII.sub(_PLAIN, body.decode())
    return _ESCAPED.sub(_PLAIN, text).encode()
