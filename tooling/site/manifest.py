"""The manifest of the site: the media type and Content-Security-Policy of each file.

The policy of a page lists the hashes of its own scripts and styles, and nothing that it does not
use, so that injected markup could neither run scripts nor send requests.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import TypedDict

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FILE_NAME = re.compile(r"[a-z0-9-]+\.[a-z0-9]+")

_ENDS = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class PolicyError(Exception):
    """A page contains something that no strict policy allows."""


class Sending(TypedDict):
    """The headers that a file is sent with."""

    media_type: str
    content_security_policy: str


def manifest(files: Mapping[str, bytes], trying: Iterable[str] = ()) -> dict[str, object]:
    """Return the content of site.json for files by name. Raises PolicyError.

    trying: the pages that send requests, with a bundle that loads its icons from `data:`.
    """
    tries = frozenset(trying)
    pages: dict[str, Sending] = {}
    for name, content in files.items():
        if not FILE_NAME.fullmatch(name):
            raise PolicyError(f"{name}: not a name that servers send")
        ending = name.rpartition(".")[2]
        policy = f"default-src 'none'; {_ENDS}"
        if ending == "html":
            policy = policy_of(name, content.decode(), tries=name in tries)
        pages[name] = {"media_type": MEDIA_TYPES[ending], "content_security_policy": policy}
    return {"pages": pages}


def policy_of(name: str, page: str, *, tries: bool = False) -> str:
    """Return the policy of a page. Raises PolicyError for a style or a handler in an attribute."""
    found = _Inventory()
    found.feed(page)
    found.close()
    if found.attributes:
        raise PolicyError(f"{name}: {', '.join(sorted(found.attributes))}")
    parts = ["default-src 'none'"]
    for directive, sources in (
        ("script-src", found.sources("script")),
        ("style-src", found.sources("style")),
        ("img-src", found.images | ({"data:"} if tries else set())),
        # The servers add their configured trusted origins.
        ("connect-src", {"'self'"} if tries else set()),
    ):
        if sources:
            parts.append(f"{directive} {' '.join(sorted(sources))}")
    return "; ".join([*parts, _ENDS])


class _Inventory(HTMLParser):
    """The scripts, images and styles of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.images: set[str] = set()
        self._linked: set[str] = set()
        self._inline: dict[str, list[str]] = {"script": [], "style": []}
        self._within: str | None = None

    def sources(self, kind: str) -> set[str]:
        """Return the sources that a directive for scripts or styles must list."""
        hashes = {sha256(text) for text in self._inline[kind]}
        return hashes | ({"'self'"} if kind in self._linked else set())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in given:
            if name == "style" or name.startswith("on"):
                self.attributes.add(f"<{tag} {name}>")
        self._within = None
        match tag:
            case "script" if "src" in given:
                self._linked.add("script")
            # A data block is not executed, so no policy covers it.
            case "script" if given.get("type", "module") in ("module", "text/javascript"):
                self._begin("script")
            case "style":
                self._begin("style")
            case "link" if given.get("rel") == "stylesheet":
                self._linked.add("style")
            case "link" if given.get("rel") == "icon":
                self._show(given["href"])
            case "img":
                self._show(given["src"])

    def handle_data(self, data: str) -> None:
        if self._within:
            self._inline[self._within][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = None

    def _show(self, address: str | None) -> None:
        self.images.add("data:" if (address or "").startswith("data:") else "'self'")

    def _begin(self, kind: str) -> None:
        self._within = kind
        self._inline[kind].append("")


def sha256(text: str) -> str:
    """Return the hash of an inline script or style in the notation of a policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
