"""Samples for a shell."""

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from tooling.site.samples.requests import SampleRequest, Value, Variable

_WIDTH = 80


def source(request: SampleRequest) -> str:
    """Return one curl command, with one option per line if it is too long for one line."""
    parts = [f"curl {_address(request)}", *_options(request)]
    line = " ".join(parts)
    return (line if len(line) <= _WIDTH else " \\\n  ".join(parts)) + "\n"


def _address(request: SampleRequest) -> str:
    # Slashes and colons are allowed in a query (RFC 3986, section 3.4), and easier to read.
    query = f"?{urlencode(request.query, safe='/:')}" if request.query else ""
    return f'"$BASE_URL{request.path}{query}"'


def _options(request: SampleRequest) -> list[str]:
    options = []
    if request.method not in ("GET", "POST") or (request.method == "POST" and not request.body):
        options.append(f"--request {request.method}")
    if request.redirects:
        options.append("--location")
    options += [f'--header "{name}: {_text(value)}"' for name, value in request.headers.items()]
    if request.body is not None:
        options.append(f"--json {_json(request.body)}")
    return options


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    return f"{value.before}${value.name}" if isinstance(value, Variable) else "$(date +%s)"


def _json(body: Any) -> str:
    if any(isinstance(value, Variable) for value in body.values()):
        written = {name: _variable(value) for name, value in body.items()}
        return '"' + json.dumps(written, ensure_ascii=False).replace('"', '\\"') + '"'
    short = shlex.quote(json.dumps(body, ensure_ascii=False))
    if len(short) + len("  --json ") <= _WIDTH:
        return short
    indented = json.dumps(body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    return shlex.quote(indented)


def _variable(value: Any) -> Any:
    return _text(value) if isinstance(value, Variable) else value
