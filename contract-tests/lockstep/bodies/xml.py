"""XML as what it says: elements, attributes, text and namespaces, however they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from xml.parsers import expat

_MOST_DEPTH = 100
_XML = "http://www.w3.org/XML/1998/namespace"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# Between a namespace and a name, where neither may have it.
_BETWEEN = "\n"


@dataclass(slots=True)
class Element:
    """An element: its local name, its attributes and what is in it.

    A namespace that is not that of the element around it is the attribute `xmlns`. Prefixes are
    gone; attributes with a namespace are called `{namespace}name`.
    """

    name: str
    namespace: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names of the attributes, in an order of their own."""
        return sorted(self.attributes)

    @property
    def text(self) -> str:
        """The text of an element without mixed content."""
        return "".join(child for child in self.children if isinstance(child, str))

    @property
    def elements(self) -> list[tuple[str, Element]]:
        """The elements inside, with their names."""
        return [(child.name, child) for child in self.children if isinstance(child, Element)]

    @property
    def is_mixed(self) -> bool:
        """Whether text stands beside elements, or elements of one name not next to each other."""
        runs = [name for name, _ in groupby(name for name, _ in self.elements)]
        return bool(runs) and (bool(self.text) or len(runs) > len(set(runs)))


def is_xml(media_type: str) -> bool:
    """Whether a lower-cased media type is that of XML (RFC 7303)."""
    return media_type in ("application/xml", "text/xml") or media_type.endswith("+xml")


def parse_xml(body: bytes, charset: str = "") -> Element:
    """The root element; `ValueError` for what is no XML, or cannot be read safely.

    Nothing is fetched, and no entity may be declared: those of the language itself are read. A
    `charset` of the header goes before what the declaration says (RFC 7303, 3).
    """
    builder = _Builder()
    try:
        parser = expat.ParserCreate(charset or None, _BETWEEN)
        builder.listen(parser)
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from error
    except LookupError as error:
        raise ValueError(f"the encoding {charset} is not known") from error
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
            # Its value is a name with a prefix.
            prefix, _, told = value.strip().rpartition(":")
            value = f"{{{(self._scopes.get(prefix) or [prefix])[-1]}}}{told}"
        return full, value

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        preserves = element.attributes.get("xml:space") == "preserve"
        inner = any(isinstance(child, Element) for child in element.children)
        if preserves or not (inner or "\n" in element.text) or _says(element.text):
            return
        # White space alone is how it is laid out.
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

    def _refuse(self, name: str, *_told: object) -> None:
        raise ValueError(f"it declares the entity {name}, and those are not read")

    def _skip(self, name: str, _is_parameter: bool) -> None:
        self._text(f"&{name};")


def _says(text: str) -> bool:
    return bool(text.strip(" \t\r\n"))
