"""Samples for Node, with fetch."""

import json
from typing import Any

from tooling.site.samples.requests import Fresh, SampleRequest, Variable


def source(request: SampleRequest) -> str:
    """Return a module that sends the request and prints the response, not formatted yet."""
    lines = []
    address = "${process.env.BASE_URL}" + request.path
    if request.query:
        lines.append(f"const query = new URLSearchParams({_expression(dict(request.query))});")
        address += "?${query}"
    arguments = ", ".join([f"`{address}`", *_options(request)])
    lines += [
        f"const response = await fetch({arguments});",
        "if (!response.ok) { throw new Error(`${response.status}: ${await response.text()}`); }",
    ]
    if request.answer != "none":
        lines.append(f"console.log(await response.{request.answer}());")
    return "\n".join(lines) + "\n"


def _options(request: SampleRequest) -> list[str]:
    options = []
    if request.method != "GET":
        options.append(f"method: {_expression(request.method)}")
    headers: dict[str, Any] = dict(request.headers)
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if headers:
        options.append(f"headers: {_expression(headers)}")
    if request.body is not None:
        options.append(f"body: JSON.stringify({_expression(request.body)})")
    return ["{" + ", ".join(options) + "}"] if options else []


def _expression(value: Any) -> str:
    if isinstance(value, Variable):
        name = f"process.env.{value.name}"
        return f"`{value.before}${{{name}}}`" if value.before else name
    if isinstance(value, Fresh):
        return "crypto.randomUUID()"
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}: {_expression(member)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    return json.dumps(value, ensure_ascii=False)
