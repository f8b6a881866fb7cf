"""Samples for Python, with httpx."""

from typing import Any

from tooling.site.samples.requests import Fresh, SampleRequest, Variable


def source(request: SampleRequest) -> str:
    """Return a module that sends the request and prints the response, not formatted yet."""
    standard = ["import os"] + ["import uuid"] * (Fresh() in request.headers.values())
    arguments = ", ".join(_arguments(request))
    lines = [
        *standard,
        "",
        "import httpx",
        "",
        f"response = httpx.{request.method.lower()}({arguments})",
        "response.raise_for_status()",
    ]
    if request.answer != "none":
        lines.append(f"print(response.{'json()' if request.answer == 'json' else 'text'})")
    return "\n".join(lines) + "\n"


def _arguments(request: SampleRequest) -> list[str]:
    arguments = [f"""f"{{os.environ['BASE_URL']}}{request.path}\""""]
    if request.query:
        arguments.append(f"params={_expression(request.query)}")
    if request.headers:
        arguments.append(f"headers={_expression(request.headers)}")
    if request.body is not None:
        arguments.append(f"json={_expression(request.body)}")
    if request.redirects:
        arguments.append("follow_redirects=True")
    return arguments


def _expression(value: Any) -> str:
    if isinstance(value, Variable):
        name = f"os.environ['{value.name}']"
        return f'f"{value.before}{{{name}}}"' if value.before else name
    if isinstance(value, Fresh):
        return "str(uuid.uuid4())"
    if isinstance(value, dict):
        members = (f"{name!r}: {_expression(member)}" for name, member in value.items())
        return "{" + ", ".join(members) + "}"
    return repr(value)
