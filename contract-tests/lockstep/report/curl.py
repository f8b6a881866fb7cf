"""Requests as `curl` commands for a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from lockstep.transport.digest import account_of
from lockstep.transport.messages import Request

# Header fields that curl adds by default, in its order.
_ADDED = ("User-Agent", "Accept")
# Bodies of this size make curl send `Expect: 100-continue`.
_EXPECT_FROM = 1024
# The response to HEAD has the length of a body, for which curl waits after sending a body itself.
_MAX_TIME = "5"
# Linux takes arguments of up to 128 KiB (MAX_ARG_STRLEN).
_LONGEST_ARGUMENT = 100_000
_RUN = re.compile(rb"([A-Za-z0-9 ])\1{999,}")


def curl(request: Request, base_url: str, certificates: Sequence[str] = ()) -> str:
    """Return a bash command that sends this request byte for byte, except for the header order.

    Nothing is truncated, and header fields that curl would add by default are suppressed.
    `certificates` are curl's options for the certificates to trust and to present.
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
    if is_piped(request.body):
        pipe = f"{printed(request.body)} | curl"
        return " ".join([pipe, *parts, "--data-binary @-", address])
    return " ".join(["curl", *parts, f"--data-binary {body_word(request.body)}", address])


def origin(base_url: str) -> str:
    """Return a base URL without its path."""
    return base_url.removesuffix(urlsplit(base_url).path)


def digest_account(name: str, value: str) -> str:
    """Return `user:password` of a header field that curl computes itself, otherwise empty."""
    account = account_of(value) if name.lower() == "authorization" else None
    return ":".join(part.decode("utf-8", "replace") for part in account) if account else ""


def options(request: Request, base_url: str) -> list[str]:
    """Return the options of curl except header fields, body and URL."""
    arguments = ["--path-as-is", "--globoff"]
    if base_url.startswith("https:"):
        arguments.append("--http1.1")
    if request.method == "HEAD" and request.body is None:
        arguments.append("--head")
    elif request.method == "HEAD":
        arguments += ["-X", "HEAD", "--max-time", _MAX_TIME]
    elif request.method != "GET" or request.body is not None:
        arguments += ["-X", request.method]
    for name in _suppressed(request):
        arguments += ["-H", f"{name}:"]
    return arguments


def _suppressed(request: Request) -> list[str]:
    """Return the names of header fields that curl would add and lockstep did not send."""
    names = {name.lower() for name, _ in request.headers}
    added = [name for name in _ADDED if name.lower() not in names]
    if request.body is not None and "content-type" not in names:
        added.append("Content-Type")
    if request.body is not None and len(request.body) >= _EXPECT_FROM and "expect" not in names:
        added.append("Expect")
    return added


def word(text: str) -> str:
    """Quote a text as one bash word; non-ASCII text is sent as Latin-1, like header fields."""
    if text.isascii() and text.isprintable():
        return shlex.quote(text)
    try:
        return _bytes(text.encode("latin-1", "surrogateescape"))
    except UnicodeEncodeError:
        return _bytes(text.encode("utf-8", "surrogatepass"))


def body_word(body: bytes) -> str:
    """Quote a body without a NUL as one bash word that curl sends unchanged."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _bytes(body)
    # curl would take a leading @ for a file name.
    return "$'\\x40'" + shlex.quote(text[1:]) if text.startswith("@") else shlex.quote(text)


def _bytes(body: bytes) -> str:
    return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"


def is_piped(body: bytes) -> bool:
    """Whether a body cannot be an argument: it has a NUL, or is longer than Linux allows."""
    return b"\0" in body or len(body) > _LONGEST_ARGUMENT


def printed(body: bytes) -> str:
    """Return a bash command that prints a body; of long runs of a character it has the length."""
    commands, at = [], 0
    for run in _RUN.finditer(body):
        commands += [_printf(body[at : run.start()])] if run.start() > at else []
        commands.append(f"head -c {len(run[0])} /dev/zero | tr '\\0' '{run[1].decode()}'")
        at = run.end()
    commands += [_printf(body[at:])] if at < len(body) or not commands else []
    return commands[0] if len(commands) == 1 else f"{{ {'; '.join(commands)}; }}"


def _printf(body: bytes) -> str:
    if b"\0" not in body:
        # A builtin of bash, which takes arguments of any length.
        return f"printf %s {body_word(body)}"
    return "printf '" + "".join(f"\\{byte:03o}" for byte in body) + "'"
