"""How a document describes credentials: by its security schemes, examples and descriptions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lockstep.auth.bodies import flat
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import followed
from lockstep.transport.cookies import is_csrf
from lockstep.transport.credentials import BASIC, BEARER, DIGEST, Credential

_AUTHORIZATION = "authorization"
# A placeholder for a token in an example.
_SHOWN = (
    r"(?:<[^>\n]+>|\{[^}\n]+\}|\[[^\]\n]+\]|\$\{?\w+\}?|[xX*]{3,}[\w.*-]*|\.{3}|…|eyJ[\w.-]*"
    r"|[\w-]+\.[\w-]+\.[\w-]+|[A-Z][A-Z0-9]*_[A-Z0-9_]+|[0-9a-fA-F-]{8,}|[\w+/=-]{16,})"
)
_IN_PROSE = re.compile(rf"\b(Bearer|Token|JWT|Api-?Key|Key|OAuth)\s+{_SHOWN}", re.IGNORECASE)
_HEADER_LINE = re.compile(
    r"\bAuthorization[\"'`]*\s*[:=]\s*[\"'`]*([A-Za-z][\w-]*)\s+([^\s\"'`]+)", re.IGNORECASE
)
_EXAMPLE = re.compile(r"([A-Za-z][\w-]*)\s+\S+")
# Words that follow a colon in descriptions and are not an authentication scheme.
_NO_SCHEME = re.compile(r"the|an?|your|this|is|must|use|with|by|header|value|required|see", re.I)
_USUAL = ("Bearer", "Token", "JWT")


def find_credentials(document: Document) -> list[Credential]:
    """Return the ways in which a token may be sent, the most likely first.

    The authentication scheme before a token is taken from the document's examples of the header
    field, if it has any.
    """
    schemes = schemes_of(document)
    used = Counter(_scheme_names(document))
    names = sorted(schemes, key=lambda name: -used[name])
    found = [form for name in names for form in forms_of(document, schemes[name])]
    if not found and not schemes:
        found = [*_worded(document, "", "Authorization"), BEARER, Credential(form="Token {token}")]
    return list(dict.fromkeys(found))


def find_combined(document: Document) -> list[Credential]:
    """Return the ways to send several secrets together, where a single one is not enough.

    The alternatives that most operations require come first.
    """
    schemes = schemes_of(document)
    asked: Counter[tuple[str, ...]] = Counter()
    for operation in document.operations.values():
        required = operation.definition.get("security", document.modern.get("security", []))
        for alternative in required or ():
            names = tuple(name for name in alternative if _is_sent(schemes.get(name)))
            if len(names) > 1:
                asked[names] += 1
    found = []
    for names, _ in asked.most_common():
        forms = [forms_of(document, schemes[name])[0] for name in names]
        found.append(replace(forms[0], also=tuple(forms[1:])))
    return list(dict.fromkeys(found))


def is_enough(document: Document, form: Credential) -> bool:
    """Whether some operation requires nothing but the credential sent in this place."""
    schemes = schemes_of(document)
    alone = {
        names[0]
        for operation in document.operations.values()
        for alternative in operation.definition.get("security", document.modern.get("security", []))
        if len(names := [name for name in alternative if _is_sent(schemes.get(name))]) == 1
    }
    return any(form.name == own.name for name in alone for own in forms_of(document, schemes[name]))


def _is_sent(scheme: Mapping[str, Any] | None) -> bool:
    """Whether a scheme sends a secret, rather than a CSRF token with a session."""
    if scheme is None or scheme.get("type") == "mutualTLS":
        return False
    return not (scheme.get("in") == "header" and is_csrf(str(scheme.get("name", ""))))


def csrf_header(document: Document) -> str:
    """Return the header field in which the document expects a CSRF token, empty without one."""
    schemes = schemes_of(document).values()
    keys = (str(each.get("name", "")) for each in schemes if each.get("in") == "header")
    parameters = (
        parameter.name
        for operation in document.operations.values()
        for parameter in operation.parameters
        if parameter.location == "header"
    )
    return next((name for name in (*parameters, *keys) if is_csrf(name)), "")


def password_flow(document: Document) -> str:
    """Return the path of the OAuth 2 token endpoint that takes a password, empty without one.

    An endpoint on another host than the API itself is ignored: it is not one of the targets.
    """
    for scheme in schemes_of(document).values():
        flow = (scheme.get("flows") or {}).get("password") or {}
        parts = urlsplit(str(flow.get("tokenUrl", "")))
        if not parts.path or (parts.netloc and parts.netloc not in _own_hosts(document)):
            continue
        path = "/" + parts.path.lstrip("/")
        documented = {operation.path for operation in document.operations.values()}
        base = document.base_path
        if path not in documented and base and path.startswith(base + "/"):
            path = path.removeprefix(base)
        return path
    return ""


def _own_hosts(document: Document) -> set[str]:
    servers = document.modern.get("servers") or []
    return {urlsplit(str(server.get("url", ""))).netloc for server in servers}


def schemes_of(document: Document) -> dict[str, Mapping[str, Any]]:
    """Return the security schemes of a document by name."""
    found = flat(document, document.modern.get("components", {})).get("securitySchemes", {})
    resolved = {name: document.resolve(scheme) for name, scheme in found.items()}
    return {name: scheme for name, scheme in resolved.items() if isinstance(scheme, Mapping)}


def schemes_for(document: Document, operation: Operation) -> Iterator[str]:
    """Yield the names of the security schemes that an operation lists, in all alternatives."""
    for alternative in operation.definition.get("security", document.modern.get("security", [])):
        yield from alternative


def _scheme_names(document: Document) -> Iterator[str]:
    for operation in document.operations.values():
        yield from schemes_for(document, operation)


def forms_of(document: Document, scheme: Mapping[str, Any]) -> list[Credential]:
    """Return the ways to send the secret of a security scheme, the most likely first."""
    name = str(scheme.get("name", "Authorization"))
    description = " ".join(_prose(scheme))
    match scheme.get("type"), scheme.get("in"), str(scheme.get("scheme", "bearer")).lower():
        case "http", _, "bearer":
            return [*_worded(document, description, "Authorization"), BEARER]
        case "http", _, "basic":
            return [BASIC]
        case "http", _, "digest":
            return [DIGEST]
        case "mutualTLS", _, _:
            return []
        case "http", _, word:
            return [
                *_worded(document, description, "Authorization"),
                Credential(form=f"{word.title()} {{token}}"),
            ]
        case "apiKey", "header", _ if is_csrf(name):
            return []
        case "apiKey", "header", _ if name.lower() == _AUTHORIZATION:
            return [*_worded(document, description, name), *_prefixed(name, description)]
        case "apiKey", "header", _:
            return [*_worded(document, description, name), Credential("header", name, "{token}")]
        case "apiKey", "cookie", _:
            return [Credential("cookie", name, "{token}")]
        case "apiKey", "query", _:
            return [Credential("query", name, "{token}")]
        case _:
            return [*_worded(document, description, "Authorization"), BEARER]


def _prose(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the descriptions of a scheme or a parameter."""
    for key, text in node.items():
        if isinstance(text, str) and (key in ("description", "bearerFormat") or key[:2] == "x-"):
            yield text


def _prefixed(name: str, description: str) -> list[Credential]:
    """Return the usual authentication schemes, those first that the description mentions most."""
    words = sorted(_USUAL, key=lambda word: -len(re.findall(rf"\b{word}\b", description)))
    forms = (*(f"{word} {{token}}" for word in words), "{token}")
    return [Credential("header", name, form) for form in forms]


def _worded(document: Document, description: str, name: str) -> list[Credential]:
    """Return the header field with the authentication schemes found in examples."""
    words = [
        *_example_words(document, name),
        *_words_of_lines(description),
        *_words_in_prose(description),
    ]
    if name.lower() == _AUTHORIZATION:
        words += [word for text in _descriptions(document) for word in _words_of_lines(text)]
    fitting = (word for word in words if word.lower() not in ("basic", "digest"))
    return [Credential("header", name, f"{word} {{token}}") for word in dict.fromkeys(fitting)]


def _words_of_lines(text: str) -> Iterator[str]:
    """Yield the authentication schemes in lines such as `Authorization: Token abc`."""
    for word, _ in _HEADER_LINE.findall(text):
        if not _NO_SCHEME.fullmatch(word):
            yield word


def _words_in_prose(text: str) -> Iterator[str]:
    for word in _IN_PROSE.findall(text):
        yield word.capitalize() if word.islower() else word


def _example_words(document: Document, name: str) -> Iterator[str]:
    """Yield the authentication schemes in the examples of header parameters of this name."""
    for parameter in _header_parameters(document, name):
        schema = flat(document, parameter.get("schema", {}))
        examples = [
            *(node.get(key) for node in (parameter, schema) for key in ("example", "default")),
            *(schema.get("examples") or ()),
            *(document.resolve(each).get("value") for each in _named_examples(parameter)),
        ]
        for example in examples:
            found = _EXAMPLE.fullmatch(example.strip()) if isinstance(example, str) else None
            if found:
                yield found[1]
        for text in _prose(parameter):
            yield from _words_of_lines(text)
            yield from _words_in_prose(text)


def _named_examples(parameter: Mapping[str, Any]) -> list[Any]:
    examples = parameter.get("examples")
    return list(examples.values()) if isinstance(examples, Mapping) else []


def _header_parameters(document: Document, name: str) -> Iterator[Mapping[str, Any]]:
    for item in document.modern.get("paths", {}).values():
        item = document.resolve(item)
        nodes = [item, *item.values()] if isinstance(item, Mapping) else []
        for node in nodes:
            for raw in node.get("parameters", ()) if isinstance(node, Mapping) else ():
                parameter = document.resolve(raw)
                same = str(parameter.get("name", "")).lower() == name.lower()
                if parameter.get("in") == "header" and same:
                    yield parameter


def _descriptions(document: Document) -> Iterator[str]:
    yield str(document.modern.get("info", {}).get("description", ""))
    for operation in document.operations.values():
        yield str(operation.definition.get("description", ""))


def without_csrf(raw: dict[str, Any]) -> dict[str, Any]:
    """Remove the header parameters for CSRF tokens, which are added to requests anyway.

    `raw` is changed in place. Generated values of such a header field, or omitting it, would test
    nothing: every request of a user has the right token.
    """
    schemes = (raw.get("components") or {}).get("securitySchemes") or {}
    unwanted = {name for name, scheme in schemes.items() if _is_csrf_header(raw, scheme)}
    for item in (raw.get("paths") or {}).values():
        for node in (item, *item.values()) if isinstance(item, dict) else ():
            if isinstance(node, dict) and isinstance(node.get("parameters"), list):
                kept = [each for each in node["parameters"] if not _is_csrf_header(raw, each)]
                node["parameters"] = kept
            _drop(node, unwanted)
    _drop(raw, unwanted)
    return raw


def _is_csrf_header(raw: dict[str, Any], node: Any) -> bool:
    node = followed(raw, node)
    return (
        isinstance(node, Mapping)
        and node.get("in") == "header"
        and is_csrf(str(node.get("name", "")))
    )


def _drop(node: Any, unwanted: set[str]) -> None:
    if unwanted and isinstance(node, dict) and isinstance(node.get("security"), list):
        node["security"] = [
            {name: scopes for name, scopes in each.items() if name not in unwanted}
            for each in node["security"]
        ]
