"""URLs inside answers: whose they are, and what they name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lockstep.openapi.document import Document
from lockstep.openapi.resource_types import ResourceTypes, Role

# Stands for a server's own address once that is taken out.
BASE = "{server}"


@dataclass(frozen=True, slots=True)
class Named:
    """A value that a URL names, and what its place promises."""

    role: Role
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """A URL that a documented path answers: that path, what it names, and its query as it was.

    `is_whole` tells whether it begins with the base path of the server, if that has one.
    """

    template: str
    named: tuple[Named, ...]
    query: str
    is_whole: bool | None = None


class Links:
    """Reads the links in the answers of one server at `base_url`."""

    def __init__(self, document: Document, families: ResourceTypes, base_url: str) -> None:
        self._document = document
        self._families = families
        parts = urlsplit(base_url)
        self._base = parts.path.rstrip("/")
        self._prefixes = [
            prefix for prefix in dict.fromkeys((self._base, document.base_path)) if prefix
        ]
        host = re.escape(parts.netloc.rpartition("@")[2]) or "(?!)"
        self._own = re.compile(rf"(?:https?:)?//{host}(?![\w.:-])|(?<![\w.:-]){host}(?![\w.:-])")

    def localised(self, text: str) -> str:
        """The text with the server's own address taken out."""
        return self._own.sub(BASE, text) if ":" in text or "//" in text or "." in text else text

    def read(self, text: str) -> Link | None:
        """The link that a text is, where a documented path answers it; `None` for other texts."""
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
        for wanted, part in zip(template.split("/"), path.split("/"), strict=False):
            if "{" in wanted:
                role = self._families.parameter(template, wanted.strip("{}"))
                if role is not None:
                    found.append(Named(role, unquote(part)))
        return found
