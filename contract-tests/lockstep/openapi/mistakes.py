"""Explains why an input is not an OpenAPI document, and what to pass instead."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
# How the pages of Swagger UI, ReDoc, RapiDoc, Scalar and Elements link to their document.
_NAMED = re.compile(
    r"(?:[\"']?url[\"']?\s*:\s*|spec-url\s*=\s*|apiDescriptionUrl\s*=\s*|data-url\s*=\s*)"
    r"[\"']([^\"'\s]+)[\"']",
    re.IGNORECASE,
)
_USUAL = "/openapi.json, /v3/api-docs or /swagger.json"
# What kind of file a top-level member indicates.
_OTHERS = (
    ("asyncapi", "an AsyncAPI document"),
    ("openrpc", "an OpenRPC document"),
    ("arazzo", "an Arazzo document, whose `sourceDescriptions` name the OpenAPI document"),
    ("overlay", "an OpenAPI overlay, whose `extends` names the OpenAPI document"),
    ("log", "a HAR recording: use `lockstep replay` for it"),
    ("__schema", "a GraphQL schema"),
    ("$schema", "a JSON Schema"),
    ("item", "a Postman collection: export it as OpenAPI first"),
    ("resources", "an Insomnia export or another list of resources"),
    ("baseUri", "a RAML document"),
    ("dependencies", "the description of a package"),
)


def page_fault(text: str, source: str) -> str:
    """Return the error message for an HTML page; empty if the text is not one."""
    if not _PAGE.match(text):
        return ""
    named = _NAMED.search(text)
    if named is None:
        return f"an HTML page, not a document: give the URL of the JSON or YAML, such as {_USUAL}"
    url = urljoin(source, named[1]) if "://" in source else named[1]
    return f"an HTML page, not a document; it links to {url}: use that"


def other_fault(raw: Any) -> str:
    """Return the error message for parsed data that is not an OpenAPI 3 document."""
    if raw is None:
        return "it is empty: is it the right file, and was it written completely?"
    if not isinstance(raw, dict):
        kind = "a list" if isinstance(raw, list) else "a string"
        return f"it is not an OpenAPI document but {kind}: it needs `openapi`, `info` and `paths`"
    found = (kind for name, kind in _OTHERS if name in raw)
    kind = next(found, "")
    if kind:
        return f"it is not an OpenAPI document but {kind}"
    if "swaggerVersion" in raw:
        # Swagger 1.2 describes each resource in a file of its own.
        return f"it is Swagger {raw['swaggerVersion']}: convert it to OpenAPI 3 first"
    if "openapi" in raw:
        return f"it is OpenAPI {raw['openapi']}; lockstep reads Swagger 2.0 and OpenAPI 3.0 to 3.2"
    if "paths" in raw:
        return "not an OpenAPI document: it lacks its version, such as `openapi: 3.0.3`"
    names = ", ".join(map(str, list(raw)[:4]))
    return (
        f"it is not an OpenAPI document: it has {names or 'nothing'} at the top level, and needs "
        "`openapi`, `info` and `paths`"
    )
