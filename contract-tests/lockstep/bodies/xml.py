"""Parses XML into elements, attributes and text, independent of prefixes and layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from xml.parsers import expat

_MOST_DEPTH = 100
_XML = "http://www.w3.org/XML/1998/namespace"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# A separator that can occur neither in a namespace nor in a name.
_BETWEEN = "\n"


@dataclass(slots=True)
class Element:
    """An element with its local name, attributes and children.

    A namespace that differs from that of the parent is in the attribute `xmlns`. Prefixes are
    resolved: the name of an attribute with a namespace is `{namespace}name`.
    """

    name: str
    namespace: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The sorted names of the attributes."""
        return sorted(self.attributes)

    @property
    def text(self) -> str:
        """The text of an element without mixed content."""
        return "".join(child for child in self.children if isinstance(child, str))

    @property
    def elements(self) -> list[tuple[str, Element]]:
        """The child elements with their names."""
        return [(child.name, child) for child in self.children if isinstance(child, Element)]

    @property
    def is_mixed(self) -> bool:
        """Whether there is text between elements, or elements of one name are not adjacent."""
        runs = [name for name, _ in groupby(name for name, _ in self.elements)]
        return bool(runs) and (bool(self.text) or len(runs) > len(set(runs)))


def is_xml(media_type: str) -> bool:
    """Whether a lower-cased media type is XML (RFC 7303)."""
    return media_type in ("application/xml", "text/xml") or media_type.endswith("+xml")


def parse_xml(body: bytes, charset: str = "") -> Element:
    """Return the root element; raise `ValueError` if the body is not XML, or is unsafe.

    External resources are not loaded, and entity declarations are rejected; predefined entities are
    resolved. The `charset` of the header overrides the XML declaration (RFC 7303, 3).
    """
    builder = _Builder()
    try:
        parser = expat.ParserCreate(charset or None, _BETWEEN)
        builder.listen(parser)
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    except LookupError as error:
        raise ValueError(f"unknown encoding {charset}") from error
    return builder.finish()


class _Builder:
    def __init__(self) -> None:
        self._open: list[Element] = []
        self._root: Element | None = None
        self._scopes: dict[str, list[str]] = {}

    def listen(self, parser: expat.XMLParserType) -> None:
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = self._forget
        parser.EntityDeclHandler = self._refuse
        parser.SkippedEntityHandler = self._skip

    def finish(self) -> Element:
        if self._root is None:
            raise ValueError("there is no element")
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MOST_DEPTH:
            raise ValueError(f"elements are nested more than {_MOST_DEPTH} deep")
        namespace, _, local = name.rpartition(_BETWEEN)
        around = self._open[-1] if self._open else None
        own = dict(self._attribute(*item) for item in attributes.items())
        if namespace != (around.namespace if around else ""):
            own["xmlns"] = namespace
        element = Element(local, namespace, own)
        if around is not None:
            around.children.append(element)
        self._root = self._root or element
        self._open.append(element)

    def _attribute(self, name: str, value: str) -> tuple[str, str]:
        namespace, _, local = name.rpartition(_BETWEEN)
        if namespace == _XML:
            return f"xml:{local}", value
        full = f"{{{namespace}}}{local}" if namespace else local
        if full == _TYPE:
            # Its value is a qualified name.
            prefix, _, type_name = value.strip().rpartition(":")
            value = f"{{{(self._scopes.get(prefix) or [prefix])[-1]}}}{type_name}"
        return full, value

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        preserves = element.attributes.get("xml:space") == "preserve"
        inner = any(isinstance(child, Element) for child in element.children)
        if preserves or not (inner or "\n" in element.text) or _has_content(element.text):
            return
        # White space alone is only layout.
        element.children = [child for child in element.children if isinstance(child, Element)]

    def _text(self, text: str) -> None:
        if not self._open:
            return
        children = self._open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += text
        else:
            children.append(text)

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._scopes.setdefault(prefix or "", []).append(uri or "")

    def _forget(self, prefix: str | None) -> None:
        self._scopes[prefix or ""].pop()

    def _refuse(self, name: str, *_declaration: object) -> None:
        raise ValueError(f"entity declarations are not supported: {name}")

    def _skip(self, name: str, _is_parameter: bool) -> None:
        self._text(f"&{name};")


def _has_content(text: str) -> bool:
    return bool(text.strip(" \t\r\n"))
