"""Bundles a document that is split into several files into one.

The targets of references to other files and URLs are copied below `#/components/x-schemas` or
`#/components/x-parts`; references by `$id` and `$anchor` (JSON Schema 2020-12, 8.2) become
JSON pointers too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from lockstep.openapi.loading import is_url, load_data
from lockstep.openapi.operations import METHODS
from lockstep.openapi.shapes import resolve
from lockstep.openapi.walking import BUNDLED, BUNDLED_SCHEMAS, Kind, below, kind_below

_UNNAMED = re.compile(r"[^A-Za-z0-9_.\-]+")
_IS_REFERENCE = re.compile(r"[/#]|\.(json|ya?ml)$")
_KEYWORDED = (Kind.OBJECT, Kind.SCHEMA)
_NAMING = ("$id", "$anchor", "$dynamicAnchor")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
# The base URI of a document that was not loaded from a file or URL.
_NOWHERE = "lockstep:///document"
_MAX_FILES = 2_000


def bundled(
    raw: Any, source: Path | str | None = None, load: Callable[[str], Any] = load_data
) -> tuple[Any, list[str]]:
    """Return the document with internal references only, and a message for each unresolved one.

    Keywords without a value (`null`) are dropped.
    """
    if not isinstance(raw, dict):
        return raw, []
    return _Bundler(raw, _location(source), load).run()


class _Bundler:
    def __init__(self, raw: dict[str, Any], place: str, load: Callable[[str], Any]) -> None:
        self._root, self._raw = place, raw
        self._load = load
        self._files: dict[str, Any] = {place: raw}
        # The targets of `$id` and `$anchor`: URI -> (file, pointer).
        self._named: dict[str, tuple[str, str]] = {}
        self._index(raw, place, place, "", Kind.OBJECT)
        # Pointers of what was copied from other files, by (component map, file, pointer there).
        self._entries: dict[tuple[str, str, str], str] = {}
        self._waiting: list[tuple[str, str, str, str]] = []
        self._bundled: dict[str, dict[str, Any]] = {}
        self.problems: dict[str, None] = {}

    def run(self) -> tuple[Any, list[str]]:
        changed = self._rewritten(self._raw, self._root, self._root, Kind.OBJECT)
        while self._waiting:
            names, name, place, pointer = self._waiting.pop()
            found = resolve(self._files[place], "#" + pointer)
            kind = Kind.SCHEMA if names == BUNDLED_SCHEMAS else Kind.OBJECT
            self._bundled[names][name] = self._rewritten(found, place, place, kind)
        if self._bundled:
            components = changed.get("components")
            kept = components if isinstance(components, dict) else {}
            changed["components"] = {**kept, **self._bundled}
        return changed, list(self.problems)

    def _index(self, node: Any, place: str, base: str, pointer: str, kind: Kind) -> None:
        if kind is Kind.DATA:
            return
        if isinstance(node, list):
            for at, item in enumerate(node):
                self._index(item, place, base, f"{pointer}/{at}", kind)
        elif isinstance(node, dict):
            base = self._base(node, base, kind)
            if kind in _KEYWORDED and isinstance(node.get("$id"), str):
                self._named[base] = place, pointer
            for keyword in ("$anchor", "$dynamicAnchor") if kind in _KEYWORDED else ():
                if isinstance(node.get(keyword), str):
                    self._named[f"{base}#{node[keyword]}"] = place, pointer
            for key, value in node.items():
                if isinstance(value, dict | list):
                    inner = kind_below(kind, key, value)
                    self._index(value, place, base, below(pointer, key), inner)

    def _base(self, node: dict[str, Any], base: str, kind: Kind) -> str:
        own = node.get("$id")
        return _joined(base, own) if kind in _KEYWORDED and isinstance(own, str) else base

    def _rewritten(self, node: Any, place: str, base: str, kind: Kind) -> Any:
        if kind is Kind.DATA:
            return node
        if isinstance(node, list):
            return [self._rewritten(item, place, base, kind) for item in node]
        if not isinstance(node, dict):
            return node
        base = self._base(node, base, kind)
        changed: dict[str, Any] = {}
        for key, value in node.items():
            if kind in _KEYWORDED and isinstance(value, str) and key in _REFERENCES:
                keyword, target = self._reference(key, value, place, base, kind)
                changed[keyword] = target
            elif kind is Kind.OBJECT and key == "mapping" and isinstance(value, dict):
                changed[key] = dict(self._mapping(value, place, base))
            elif value is None and kind is not Kind.NAMED_SCHEMAS:
                # A keyword without a value has no effect, but a name declares that there is one.
                if kind not in _KEYWORDED or key in METHODS:
                    changed[key] = {}
                elif kind_below(kind, key, value) is Kind.DATA:
                    changed[key] = None
            elif isinstance(value, dict | list):
                changed[key] = self._inner(key, value, place, base, kind)
            elif not (kind in _KEYWORDED and key in _NAMING and isinstance(value, str)):
                changed[key] = value
        return changed

    def _inner(self, key: str, value: Any, place: str, base: str, kind: Kind) -> Any:
        """Return the value of a key, rewritten.

        Unresolved references in an extension (`x-…`) are no problem: they may mean anything.
        """
        known = len(self.problems)
        inner = self._rewritten(value, place, base, kind_below(kind, key, value))
        if key.startswith("x-") and kind in _KEYWORDED:
            for problem in list(self.problems)[known:]:
                del self.problems[problem]
        return inner

    def _mapping(self, mapping: dict[str, Any], place: str, base: str) -> Iterator[tuple[str, Any]]:
        """Yield a discriminator's mapping; its values are schema names or references."""
        for name, value in mapping.items():
            if isinstance(value, str) and _IS_REFERENCE.search(value):
                value = self._reference("$ref", value, place, base, Kind.SCHEMA)[1]
            yield name, value

    def _reference(
        self, keyword: str, value: str, place: str, base: str, kind: Kind
    ) -> tuple[str, str]:
        """Return the keyword and the internal pointer that replace a reference."""
        if place == base == self._root and (value == "#" or value.startswith("#/")):
            return keyword, value
        target, fragment = urldefrag(_joined(base, value))
        known = self._named.get(f"{target}#{unquote(fragment)}" if fragment else target)
        if known is None and target in self._named and fragment.startswith("/"):
            inside, pointer = self._named[target]
            known = inside, pointer + fragment
        if known is None and not (fragment and not fragment.startswith("/")):
            known = target, fragment
        try:
            if known is None:
                raise ValueError(f"unresolvable reference: {value}")
            return "$ref", "#" + self._pointer(*known, kind)
        except (OSError, ValueError) as error:
            self.problems[f"{value} cannot be read: {error}"] = None
            return keyword, value

    def _pointer(self, place: str, pointer: str, kind: Kind) -> str:
        if place == self._root:
            return pointer
        names = BUNDLED_SCHEMAS if kind is Kind.SCHEMA else BUNDLED
        known = self._entries.get((names, place, pointer))
        if known is None:
            if place not in self._files:
                self._files[place] = self._read(place)
                self._index(self._files[place], place, place, "", Kind.OBJECT)
            resolve(self._files[place], "#" + pointer)
            there = self._bundled.setdefault(names, {})
            name = _name(place, pointer, there)
            there[name] = None
            known = self._entries[names, place, pointer] = f"/components/{names}/{name}"
            self._waiting.append((names, name, place, pointer))
        return known

    def _read(self, place: str) -> Any:
        if len(self._files) >= _MAX_FILES:
            raise ValueError(f"the document has more than {_MAX_FILES} files")
        if is_url(place):
            return self._load(place)
        if not place.startswith("file:") or is_url(self._root):
            # A document from the network must not read local files.
            raise ValueError("only files and http(s) URLs are followed")
        return self._load(url2pathname(urlsplit(place).path))


def _name(place: str, pointer: str, taken: dict[str, Any]) -> str:
    last = unquote(pointer).rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    plain = _UNNAMED.sub("_", last or unquote(Path(urlsplit(place).path).stem)) or "part"
    names = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _location(source: Path | str | None) -> str:
    if source is None:
        return _NOWHERE
    return str(source) if is_url(source) else Path(source).absolute().as_uri()


def _joined(base: str, reference: str) -> str:
    # `urljoin` does not resolve a fragment against a `urn:` (RFC 8141, 2.3.3).
    if reference.startswith("#"):
        return urldefrag(base)[0] + reference
    return urljoin(base, reference)
