"""Makes docs/index.html, the reference: one page, complete in itself, out of the contract.

python -m twins.docs
"""

import json
import re
import sys
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import yaml

from twins.paths import CONTRACT, DOCS, TOOLING

_BUNDLE = TOOLING / "docs/node_modules/redoc/bundles/redoc.standalone.js"
_TEMPLATE = Path(__file__).with_name("docs_page.html")
_LOGO = '"https://cdn.redoc.ly/redoc/logo-mini.svg"'


class BundleError(Exception):
    """Redoc's bundle is not as expected, so that the page might ask another host for something."""


def error_table(errors: dict[str, dict[str, Any]]) -> str:
    """The error catalogue as an HTML table, an anchor for each code."""
    rows = [
        f'<tr id="{escape(code)}"><td><code>{escape(code)}</code></td>'
        f"<td>{error['status']}</td><td>{escape(error['title'])}</td>"
        f"<td>{escape(error['detail'])}</td></tr>"
        for code, error in errors.items()
    ]
    return _table(["code", "status", "title", "detail"], rows)


def check_table(checks: list[dict[str, Any]]) -> str:
    """The order of checks as an HTML table, each code linked to its row of the catalogue."""
    rows = []
    for number, check in enumerate(checks, start=1):
        codes = ", ".join(
            f'<a href="#{escape(code)}"><code>{escape(code)}</code></a>' for code in check["codes"]
        )
        rows.append(f"<tr><td>{number}</td><td>{escape(check['check'])}</td><td>{codes}</td></tr>")
    return _table(["", "the request goes on if", "else"], rows)


def introduced(document: dict[str, Any]) -> dict[str, Any]:
    """The document with both tables at the end of its introduction."""
    sections = [
        document["info"]["description"].rstrip(),
        "# Order of checks\nThe first check that fails decides the answer.",
        check_table(document["x-check-order"]),
        "# Errors\nThe `type` of an error is the address of its row here.",
        error_table(document["x-errors"]),
    ]
    return document | {"info": document["info"] | {"description": "\n\n".join(sections)}}


def render(document: dict[str, Any], bundle: str) -> str:
    """The page. Raises BundleError if the bundle lacks the one request to a host that is known."""
    if bundle.count(_LOGO) != 1:
        raise BundleError(f"Expected {_LOGO} once in Redoc's bundle; look at its new version.")
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(document["info"]["title"]),
        redoc=_inline_code(bundle.replace(_LOGO, '"data:,"')),
        contract=_inline_json(introduced(document)),
    )


def _inline_code(script: str) -> str:
    """Keep what looks like a tag in strings and patterns of a script from being read as one."""
    return re.sub(r"<(?=!--|/?script)", r"\\x3C", script, flags=re.IGNORECASE)


def _inline_json(value: Any) -> str:
    # YAML reads a bare date as one; JSON has only text for it.
    return json.dumps(value, ensure_ascii=False, default=str).replace("<", "\\u003c")


def _table(heads: list[str], rows: list[str]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def main() -> int:
    """Write the page."""
    document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    page = render(document, _BUNDLE.read_text(encoding="utf-8"))
    DOCS.mkdir(exist_ok=True)
    target = DOCS / "index.html"
    target.write_text(page, encoding="utf-8")
    print(f"Wrote {target} ({len(page.encode()) / 1e6:.1f} MB).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
