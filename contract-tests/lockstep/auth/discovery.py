"""Finds in a document how users register, log in and show who they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lockstep.auth.bodies import body_template, flat, is_email, is_name, is_password, members
from lockstep.auth.calls import Call
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.credentials import BEARER, Credential

_LOG_IN = re.compile(r"log-?_?in|sign-?_?in|sessions?$|tokens?$|authenticate|authorize|auth$", re.I)
_REGISTER = re.compile(
    r"regist|sign-?_?up|users?$|accounts?$|members?$|customers?$|clients?$", re.I
)
# Other things than registering and logging in for which a password is sent.
_OTHER = re.compile(r"reset|forgot|change|confirm|verify|refresh|log-?_?out|revoke|recover", re.I)
_TOKEN_NAME = re.compile(r"(access|auth|id|api)?[_-]?(token|jwt|key)", re.I)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Way:
    """How users come to be: an operation, and what it is sent."""

    operation: Operation
    call: Call


def find_log_in(document: Document) -> tuple[Way | None, Way | None]:
    """How users register and how they log in, `None` where the document shows no way."""
    with_password = [op for op in document.operations.values() if _takes(document, op)]
    login = _best(with_password, _LOG_IN)
    others = [op for op in with_password if op is not login and not op.requires_auth]
    register = _best(others, _REGISTER) or _only(others)
    if login is None and register is None:
        givers = [op for op in document.operations.values() if _gives_token(document, op)]
        register = _best(givers, _REGISTER) or _only(givers)
    ways = [_way(document, op) if op is not None else None for op in (register, login)]
    return ways[0], _same_names(ways[0], ways[1])


def guarded(document: Document) -> list[Operation]:
    """The operations that ask for credentials, those that are easiest to send first."""
    asking = [op for op in document.operations.values() if op.requires_auth]
    return sorted(asking, key=lambda op: (op.method != "GET", op.path.count("{"), len(op.path)))


def find_credentials(document: Document) -> list[Credential]:
    """The ways in which a token may be sent, the likeliest first."""
    schemes = flat(document, document.modern.get("components", {})).get("securitySchemes", {})
    used = Counter(_scheme_names(document))
    names = sorted(schemes, key=lambda name: -used[name])
    found = [form for name in names for form in _forms(document.resolve(schemes[name]))]
    return list(dict.fromkeys(found or [BEARER, Credential(form="Token {token}")]))


def _scheme_names(document: Document) -> Iterator[str]:
    for operation in document.operations.values():
        required = operation.definition.get("security", document.modern.get("security", []))
        for alternative in required:
            yield from alternative


def _forms(scheme: Mapping[str, Any]) -> list[Credential]:
    name = str(scheme.get("name", "Authorization"))
    match scheme.get("type"), scheme.get("in"), str(scheme.get("scheme", "bearer")).lower():
        case "http", _, "bearer":
            return [BEARER]
        case "http", _, "basic" | "digest":
            return []
        case "http", _, word:
            return [Credential(form=word.title() + " {token}")]
        case "apiKey", "header", _ if name.lower() == "authorization":
            return _prefixed(name, str(scheme.get("description", "")))
        case "apiKey", "header", _:
            return [Credential("header", name, "{token}")]
        case "apiKey", "cookie", _:
            return [Credential("cookie", name, "{token}")]
        case "apiKey", "query", _:
            return [Credential("query", name, "{token}")]
        case _:
            return [BEARER]


def _prefixed(name: str, description: str) -> list[Credential]:
    words = ["Bearer", "Token", "JWT"]
    words.sort(key=lambda word: -len(re.findall(rf"\b{word}\b", description)))
    return [
        Credential("header", name, form) for form in (*(f"{w} {{token}}" for w in words), "{token}")
    ]


def body_schema(document: Document, operation: Operation) -> tuple[Any, bool]:
    """The schema of a body, and whether it is a form; `None` for other media types."""
    body = document.resolve(operation.definition.get("requestBody", {}))
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    for media_type, entry in content.items():
        if "json" in media_type:
            return entry.get("schema"), False
    return content.get(_FORM, {}).get("schema"), True


def _takes(document: Document, operation: Operation) -> bool:
    """Whether an operation takes a password, and not for something else than to come in."""
    if operation.method not in ("POST", "PUT") or "{" in operation.path:
        return False
    names = (name for name, _ in members(document, body_schema(document, operation)[0]))
    return any(map(is_password, names)) and not _OTHER.search(_words(operation))


def _gives_token(document: Document, operation: Operation) -> bool:
    if operation.method != "POST" or operation.requires_auth or "{" in operation.path:
        return False
    answers = [answer for status, answer in operation.responses.items() if status[0] == "2"]
    schemas = [entry.get("schema") for answer in answers for entry in answer.media_types.values()]
    names = (name for schema in schemas for name, _ in members(document, schema))
    return any(_TOKEN_NAME.fullmatch(name) for name in names)


def _best(operations: list[Operation], words: re.Pattern[str]) -> Operation | None:
    scored = [(_score(operation, words), operation) for operation in operations]
    fitting = [(score, operation) for score, operation in scored if score]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _score(operation: Operation, words: re.Pattern[str]) -> int:
    last = operation.path.rstrip("/").rpartition("/")[2]
    named = operation.definition.get("operationId", "")
    told = operation.definition.get("summary", "")
    return 4 * bool(words.search(last)) + 2 * bool(words.search(named)) + bool(words.search(told))


def _only(operations: list[Operation]) -> Operation | None:
    return operations[0] if len(operations) == 1 else None


def _words(operation: Operation) -> str:
    return f"{operation.path} {operation.definition.get('operationId', '')}"


def _way(document: Document, operation: Operation) -> Way:
    schema, is_form = body_schema(document, operation)
    template = body_template(document, schema)
    return Way(operation, Call(operation.name, template, form=is_form))


def _same_names(register: Way | None, login: Way | None) -> Way | None:
    """The log-in with the names under which the user is registered."""
    if register is None or login is None:
        return login
    known = dict(_leaves(register.call.json))
    address = next((value for name, value in known.items() if is_email(name, {})), None)
    other = next((value for name, value in known.items() if is_name(name)), None)

    def agreed(name: str, value: str) -> str:
        if name in known:
            return known[name]
        if is_password(name):
            return next((v for n, v in known.items() if is_password(n)), value)
        if is_email(name, {}) or is_name(name):
            return address or other or value
        return value

    return Way(
        login.operation,
        Call(login.call.operation, _renamed(login.call.json, agreed), login.call.form),
    )


def _leaves(node: Any) -> Iterator[tuple[str, str]]:
    for name, member in node.items() if isinstance(node, Mapping) else ():
        if isinstance(member, str):
            yield name, member
        else:
            yield from _leaves(member)


def _renamed(node: Any, agreed: Any) -> Any:
    return (
        {
            name: agreed(name, member) if isinstance(member, str) else _renamed(member, agreed)
            for name, member in node.items()
        }
        if isinstance(node, Mapping)
        else node
    )
