"""Recognises JSON and XML that a server labels as text or HTML, as frameworks do by default."""

from __future__ import annotations

import re
from dataclasses import replace

from lockstep.bodies.xml import parse_xml
from lockstep.transport import literals
from lockstep.transport.messages import Response
from lockstep.transport.streams import bare

_PLAIN = frozenset({"", "text/html", "text/plain"})
_HEAD = 1024
_JSON = re.compile(rb"\s*[\[{]")
# An HTML page may be well-formed XML, too.
_XML = re.compile(rb"\s*(?:<\?xml\b|<(?!html\b)[\w.:-]+\s[^>]*\bxmlns\b)", re.IGNORECASE)
_PAGE = re.compile(rb"<!doctype\s+html|<html\b", re.IGNORECASE)


def relabelled(response: Response) -> Response:
    """Return the response with the media type of its body, if that is JSON or XML all the same."""
    if bare(response.header("content-type")) not in _PLAIN or response.whole or response.cut:
        return response
    found = _media_type(response.body)
    if not found:
        return response
    others = (item for item in response.headers if item[0].lower() != "content-type")
    return replace(response, headers=(*others, ("Content-Type", found)))


def _media_type(body: bytes) -> str:
    """Return the media type of a JSON object or array, or of XML; empty for other bodies."""
    try:
        if _JSON.match(body):
            literals.parse(body)
            return "application/json"
        if _XML.match(body) and not _PAGE.search(body[:_HEAD]):
            parse_xml(body)
            return "application/xml"
    except (ValueError, RecursionError):
        return ""
    return ""
