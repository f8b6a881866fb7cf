"""Resolves URLs in responses to documented paths and the resources that they identify."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lockstep.openapi.document import Document
from lockstep.openapi.resource_types import ResourceTypes, Role

# The placeholder for a server's own address.
BASE = "{server}"


@dataclass(frozen=True, slots=True)
class Named:
    """The value of a path parameter in a URL, with its role."""

    role: Role
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that matches a path template, with its path parameters and its raw query.

    `is_whole`: it begins with the base path of the server; `None` if the server has none.
    """

    template: str
    named: tuple[Named, ...]
    query: str
    is_whole: bool | None = None


class Links:
    """Reads the links in the responses of the server at `base_url`."""

    def __init__(self, document: Document, families: ResourceTypes, base_url: str) -> None:
        self._document = document
        self._families = families
        parts = urlsplit(base_url)
        self._base = parts.path.rstrip("/")
        self._prefixes = [
            prefix for prefix in dict.fromkeys((self._base, document.base_path)) if prefix
        ]
        netloc = parts.netloc.rpartition("@")[2]
        host = re.escape(netloc) or "(?!)"
        self._own = re.compile(rf"(?:https?:)?//{host}(?![\w.:-])|(?<![\w.:-]){host}(?![\w.:-])")
        self._own_name = _address_in_names(netloc)

    def localised(self, text: str) -> str:
        """Return the text with the server's own address replaced by `BASE`."""
        return self._own.sub(BASE, text) if ":" in text or "//" in text or "." in text else text

    def localised_name(self, name: str) -> str:
        """Return the name of a cookie with the server's own address replaced by `BASE`.

        Cookies are shared by all ports of a host (RFC 6265, section 8.5), so servers put the port
        into the name, or the address with other characters for dots and colons.
        """
        return self._own_name.sub(BASE, name) if self._own_name is not None else name

    def read(self, text: str) -> Link | None:
        """Parse a text as a link to a documented path; `None` for any other text."""
        url = text.removeprefix(BASE)
        if not url.startswith("/") or url.startswith("//") or " " in url:
            return None
        path, _, query = url.partition("?")
        for candidate in self._without_prefix(path):
            template = self._document.template(candidate)
            if template is not None:
                whole = path.startswith(f"{self._base}/") if self._base else None
                return Link(template, tuple(self._names(template, candidate)), query, whole)
        return None

    def _without_prefix(self, path: str) -> list[str]:
        shorter = [path[len(p) :] for p in self._prefixes if path.startswith(p + "/")]
        return [*shorter, path]

    def _names(self, template: str, path: str) -> list[Named]:
        found = []
        for name, part in zip(template.split("/"), path.split("/"), strict=False):
            if "{" in name:
                role = self._families.parameter(template, name.strip("{}"))
                if role is not None:
                    found.append(Named(role, unquote(part)))
        return found


def _address_in_names(netloc: str) -> re.Pattern[str] | None:
    """Return a pattern for an address with a port as a part of a name; `None` without a port."""
    host, _, port = netloc.rpartition(":")
    if not port.isdigit():
        return None
    of_host = r"[^0-9A-Za-z]?".join(re.findall(r"[0-9A-Za-z]+", host))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{of_host}[^0-9A-Za-z]?)?(?<!\d){port}(?!\d)")
