"""Requests as `curl` lines for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from lockstep.transport.digest import account_of
from lockstep.transport.messages import Request

# What curl adds by itself, in the order in which it does.
_ADDED = ("User-Agent", "Accept")
# From here on curl asks first whether a body is wanted (`Expect: 100-continue`).
_ASKS_FROM = 1024
# An answer to HEAD says how long a body would be, and curl waits for it when told to send one.
_PATIENCE = "5"


def curl(request: Request, base_url: str, certificates: Sequence[str] = ()) -> str:
    """One command for bash that sends this request byte for byte, but for the order of headers.

    Nothing is shortened, and what curl would add by itself is kept away. `certificates` are the
    options for those that it trusts and shows.
    """
    parts = ["-isS", *(shlex.quote(part) for part in (*certificates, *options(request, base_url)))]
    for name, value in request.headers:
        account = digest_account(name, value)
        if account:
            parts += ["--digest", "--user", word(account)]
        else:
            parts += ["-H", word(f"{name}: {value}" if value else f"{name};")]
    address = word((origin(base_url) if request.from_root else base_url) + request.path)
    if request.body is None:
        return " ".join(["curl", *parts, address])
    if b"\0" in request.body:
        # No argument can hold a NUL, so the body comes by a pipe.
        pipe = f"printf {octal(request.body)} | curl"
        return " ".join([pipe, *parts, "--data-binary @-", address])
    return " ".join(["curl", *parts, f"--data-binary {body_word(request.body)}", address])


def origin(base_url: str) -> str:
    """A base URL without its path."""
    return base_url.removesuffix(urlsplit(base_url).path)


def digest_account(name: str, value: str) -> str:
    """The user name and password of a header that curl computes itself, else nothing."""
    account = account_of(value) if name.lower() == "authorization" else None
    return ":".join(part.decode("utf-8", "replace") for part in account) if account else ""


def options(request: Request, base_url: str) -> list[str]:
    """What curl is told beside the headers, the body and the address."""
    told = ["--path-as-is", "--globoff"]
    if base_url.startswith("https:"):
        told.append("--http1.1")
    if request.method == "HEAD" and request.body is None:
        told.append("--head")
    elif request.method == "HEAD":
        told += ["-X", "HEAD", "--max-time", _PATIENCE]
    elif request.method != "GET" or request.body is not None:
        told += ["-X", request.method]
    for name in _kept_away(request):
        told += ["-H", f"{name}:"]
    return told


def _kept_away(request: Request) -> list[str]:
    """The names of headers that curl would add and lockstep did not send."""
    names = {name.lower() for name, _ in request.headers}
    added = [name for name in _ADDED if name.lower() not in names]
    if request.body is not None and "content-type" not in names:
        added.append("Content-Type")
    if request.body is not None and len(request.body) >= _ASKS_FROM and "expect" not in names:
        added.append("Expect")
    return added


def word(text: str) -> str:
    """A text as one word of bash; what is not ASCII goes out as Latin-1, as headers do."""
    if text.isascii() and text.isprintable():
        return shlex.quote(text)
    try:
        return _bytes(text.encode("latin-1", "surrogateescape"))
    except UnicodeEncodeError:
        return _bytes(text.encode("utf-8", "surrogatepass"))


def body_word(body: bytes) -> str:
    """A body without a NUL as one word of bash that curl sends as it is."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _bytes(body)
    # curl would take a leading @ for a file name.
    return "$'\\x40'" + shlex.quote(text[1:]) if text.startswith("@") else shlex.quote(text)


def _bytes(body: bytes) -> str:
    return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"


def octal(body: bytes) -> str:
    """A body as an argument of printf."""
    return "'" + "".join(f"\\{byte:03o}" for byte in body) + "'"
