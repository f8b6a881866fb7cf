"""What a document shows of users that exist already: accounts in examples, and keys in prose.

Those of a sandbox or a demonstration, for example. Whether they are let in is left to experiments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.auth.bodies import flat, is_email, is_name, is_password
from lockstep.auth.schemes import forms_of, schemes_of
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.credentials import Credential

# What a text shows as a literal.
_LITERAL = re.compile(r"`([^`\s]+)`|\"([^\"\s]+)\"|(?<!\w)'([^'\s]+)'(?!\w)")
# A key or token, rather than a path or a placeholder such as `<token>`, `{key}` or `YOUR_API_KEY`.
_KEY = re.compile(r"(?!(?i:your|my|the)[_-])(?!x+$)[\w.~+=-]{6,}")
_ABOUT_KEYS = re.compile(r"\b(key|token)s?\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n\s*\n")
_ABOUT_PASSWORDS = re.compile(r"\b(passwords?|passphrase|PIN)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# A literal, or an address without quotes.
_NAMED = re.compile(rf"{_LITERAL.pattern}|({_ADDRESS.pattern})")
_PAIR = re.compile(r"`([^`\s]+)`\s*(?:/|:|\|)\s*`([^`\s]+)`")
_SENTENCE = re.compile(r"(?<=[.!?:])\s|\n\s*\n")


def described_keys(document: Document) -> Iterator[tuple[str, Credential, str]]:
    """Yield the literals that may be a key: the name of its scheme, how it is sent, and itself.

    They stand in the description of a security scheme, or of the document in a sentence on keys.
    """
    description = str(document.modern.get("info", {}).get("description", ""))
    about_keys = [text for text in _SENTENCE.split(description) if _ABOUT_KEYS.search(text)]
    for name, scheme in schemes_of(document).items():
        is_key = scheme.get("type") == "apiKey" and scheme.get("in") != "cookie"
        is_bearer = scheme.get("type") == "http" and str(scheme.get("scheme")).lower() == "bearer"
        forms = forms_of(document, scheme) if is_key or is_bearer else []
        texts = [str(scheme.get("description", "")), *about_keys]
        # What the document names elsewhere, such as a header field, is no key.
        known = {form.name.lower() for form in forms} | {name.lower()}
        found = (text for each in texts for text in _literals(each) if text.lower() not in known)
        yield from ((name, forms[0], key) for key in dict.fromkeys(found) if forms)


def _literals(text: str) -> Iterator[str]:
    for match in _LITERAL.finditer(text):
        literal = match[1] or match[2] or match[3]
        if _KEY.fullmatch(literal):
            yield literal


def shown_bodies(
    document: Document, operation: Operation, usual: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the bodies to log in of the document's examples, with their names, and of its texts.

    `usual` is a body to log in.
    """
    yield from example_bodies(document, operation)
    yield from (("", body) for body in described_accounts(document, operation, usual))


def described_accounts(
    document: Document, operation: Operation, usual: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the bodies to log in with the accounts that descriptions name.

    `usual` is a body to log in. A password is a literal after that word, or one that a slash
    separates from a name; if there is one password, all names of a paragraph have it.
    """
    password = next((name for name in usual if is_password(name)), None)
    named = (name for name in usual if is_email(name, {}) or is_name(name))
    called = next(named, None)
    if password is None or called is None:
        return
    info = document.modern.get("info", {})
    nodes = (info, operation.definition, *schemes_of(document).values())
    paragraphs = (
        each for node in nodes for each in _PARAGRAPH.split(str(node.get("description", "")))
    )
    wants_email = is_email(called, {})
    seen = set()
    for text in paragraphs:
        for name, secret in _accounts_in(text):
            fits = not wants_email or _ADDRESS.fullmatch(name)
            if fits and (name, secret) not in seen:
                seen.add((name, secret))
                yield {**usual, called: name, password: secret}


def _accounts_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and passwords in a paragraph."""
    pairs = [(match[1], match[2]) for match in _PAIR.finditer(text)]
    if pairs or not _ABOUT_PASSWORDS.search(text):
        yield from pairs
        return
    names: list[str] = []
    found: list[tuple[list[str], str]] = []
    at = 0
    for match in _NAMED.finditer(text):
        literal = next(filter(None, match.groups()))
        if _ABOUT_PASSWORDS.search(text[at : match.start()]):
            found.append((names, literal))
            names = []
        else:
            names.append(literal)
        at = match.end()
    for called, secret in found:
        yield from ((name, secret) for name in (called if len(found) == 1 else called[-1:]))


def example_bodies(
    document: Document, operation: Operation
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the example request bodies of an operation, with their names."""
    body = document.resolve(operation.definition.get("requestBody", {}))
    contents = body.get("content", {}) if isinstance(body, Mapping) else {}
    for entry in contents.values():
        named = {name: document.resolve(each) for name, each in _items(entry.get("examples"))}
        shown = [(name, each.get("value")) for name, each in named.items()]
        schema = flat(document, entry.get("schema"))
        shown += [("", entry.get("example")), ("", schema.get("example"))]
        shown += [("", each) for each in schema.get("examples", ()) if isinstance(each, Mapping)]
        shown.append(("", _of_members(document, schema)))
        yield from ((name, value) for name, value in shown if isinstance(value, Mapping) and value)


def _items(node: Any) -> list[tuple[str, Any]]:
    return list(node.items()) if isinstance(node, Mapping) else []


def _of_members(document: Document, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example of each member; empty if a required one has none."""
    found = {}
    for name, member in _items(schema.get("properties")):
        inner = flat(document, member)
        shown = inner.get("example", next(iter(inner.get("examples", ())), None))
        if shown is None and name in schema.get("required", ()):
            return {}
        if shown is not None:
            found[name] = shown
    return found


def is_account(body: Mapping[str, Any], usual: Mapping[str, Any]) -> bool:
    """Whether a body to log in has a password, and all members that are `usual`ly sent."""
    inner = {"": body, **{key: each for key, each in body.items() if isinstance(each, Mapping)}}
    return body.keys() >= usual.keys() and any(
        is_password(name) and isinstance(value, str)
        for each in inner.values()
        for name, value in each.items()
    )
