"""Requests as `curl` lines for a shell."""

from __future__ import annotations

import shlex

from lockstep.results.trace import Exchange
from lockstep.transport.messages import NoResponse, Outcome, Request


def curl(request: Request, base_url: str) -> str:
    """One command for bash that sends this request; nothing is shortened.

    Only what curl adds by itself, `Accept` and `User-Agent`, is left to it.
    """
    parts = ["curl", "-isS", "--path-as-is", "--globoff"]
    if request.method == "HEAD":
        parts.append("--head")
    elif request.method != "GET" or request.body:
        parts += ["-X", request.method]
    names = {name.lower() for name, _ in request.headers}
    for name, value in request.headers:
        parts += ["-H", f"{name}: {value}" if value else f"{name};"]
    if request.body is not None and "content-type" not in names:
        parts += ["-H", "Content-Type:"]
    pipe = ""
    if request.body is not None and b"\0" in request.body:
        # No argument can hold a NUL, so the body comes by a pipe.
        pipe = f"printf {_octal(request.body)} | "
        parts += ["--data-binary", "@-"]
    line = pipe + " ".join(shlex.quote(part) for part in parts)
    if request.body is not None and not pipe:
        line += f" --data-binary {_quoted(request.body)}"
    return f"{line} {shlex.quote(base_url + request.path)}"


def steps(sequence: list[Exchange], target: str) -> list[str]:
    """The commands of a sequence for one target, each with what it was answered."""
    return [
        f"{curl(exchange.requests[target], exchange.addresses[target])}"
        f"  # {_answer(exchange.outcomes[target])}"
        for exchange in sequence
        if target in exchange.requests
    ]


def _answer(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, NoResponse) else str(outcome.status)


def _quoted(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"
    # curl would take a leading @ for a file name.
    return "$'\\x40'" + shlex.quote(text[1:]) if text.startswith("@") else shlex.quote(text)


def _octal(body: bytes) -> str:
    return "'" + "".join(f"\\{byte:03o}" for byte in body) + "'"
