"""Finds in a document how users register, log in and authenticate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lockstep.auth.bodies import (
    REGISTRATIONS,
    Filling,
    body_template,
    is_email,
    is_name,
    is_password,
    members,
)
from lockstep.auth.calls import Call
from lockstep.auth.examples import is_account, shown_bodies
from lockstep.auth.schemes import password_flow
from lockstep.openapi.document import Document
from lockstep.openapi.naming import LOG_IN
from lockstep.openapi.operations import Operation

REGISTER = re.compile(r"regist|sign-?_?up|users?$|accounts?$|members?$|customers?$|clients?$", re.I)
# Purposes other than registration and log-in for which a password is sent.
OTHER_PURPOSE = re.compile(
    r"reset|forgot|change|confirm|verify|refresh|(log|sign)-?_?(out|off)|revoke|recover", re.I
)
_ACCESS = re.compile(
    r"auth|pass|pwd|/pin\b|session|token|(log|sign)-?_?(in|out|off|up)|account|user|member|profile"
    r"|/me\b|mail|otp|2fa|mfa|revoke|recover|forgot",
    re.I,
)
_ACCOUNTS = frozenset({"me", "self", "account", "profile"})
_ENDING = re.compile(r"delet|clos|deactivat|eras|terminat")
_TOKEN_NAME = re.compile(r"(access|auth|id|api)?[_-]?(token|jwt|key)", re.I)
# What the registration of an OAuth 2 client returns (RFC 7591, section 3.2.1).
_ISSUED = ("client_id", "client_secret")
_FORM = "application/x-www-form-urlencoded"
# The grant type that accompanies a password (RFC 6749, section 4.3.2).
_GRANT = {"grant_type": "password"}
_TEXT = {"type": "string"}
_CREDENTIALS = {"type": "object", "properties": {"username": _TEXT, "password": _TEXT}}


@dataclass(frozen=True, slots=True)
class Way:
    """How users are registered or logged in: an operation and its body."""

    operation: Operation
    call: Call


def find_log_in(document: Document) -> tuple[Way | None, Way | None]:
    """Return how users register and log in, each `None` if the document does not show it."""
    register, login = _operations(document)
    register = register or client_registration(document)
    made = call_of(document, register) if register is not None else None
    known = _same_names(made, call_of(document, login)) if login is not None else None
    return (
        Way(register, made) if register is not None and made is not None else None,
        Way(login, known) if login is not None and known is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Entrance:
    """One way for a user to log in: a registration, a log-in, or both in a row."""

    register: Call | None = None
    login: Call | None = None


def find_entrances(document: Document) -> list[Entrance]:
    """Return the ways to log in, the most likely first; they differ in what is sent.

    A registration without a log-in comes last, for registrations that return a token. Where nobody
    can register, it is with the accounts of the document's examples.
    """
    register, operation = _operations(document)
    login = call_of(document, operation) if operation is not None else _token_endpoint(document)
    if register is None:
        shown: Iterable[tuple[str, Mapping[str, Any]]] = ()
        if operation is not None and login is not None:
            shown = shown_bodies(document, operation, login.json)
        return [
            Entrance(None, call)
            for call in (*_accounts(login, [body for _, body in shown]), login)
            if call is not None
        ]
    found: list[Entrance] = []
    for filling in REGISTRATIONS:
        made = call_of(document, register, filling)
        if login is not None:
            found += [
                Entrance(made, _same_names(made, login, other=other)) for other in (False, True)
            ]
        found.append(Entrance(made))
    return [each for at, each in enumerate(found) if each not in found[:at]]


def _accounts(login: Call | None, bodies: Iterable[Mapping[str, Any]]) -> Iterator[Call]:
    """Yield the log-in with each of the accounts in some bodies."""
    for body in bodies if login is not None else ():
        if login is not None and is_account(body, login.json):
            yield replace(login, json=body)


def client_registration(document: Document) -> Operation | None:
    """Return the operation with which anyone registers an OAuth 2 client (RFC 7591).

    `None` if no response has the id and the secret of a client, or if users register themselves.
    """
    if _operations(document)[0] is not None:
        return None
    issuing = [op for op in document.operations.values() if _issues_secret(document, op)]
    return _best(issuing, REGISTER) or _only(issuing)


def issued_in(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the id and the secret of a client in a response, empty unless it has both."""
    found = {_plain(name): value for name, value in given.items() if isinstance(value, str)}
    issued = {name: found[_plain(name)] for name in _ISSUED if found.get(_plain(name))}
    return issued if len(issued) == len(_ISSUED) else {}


def guarded(document: Document) -> list[Operation]:
    """Return the operations that require credentials, those that are easiest to send first."""
    asking = [op for op in document.operations.values() if op.requires_auth]
    return sorted(asking, key=lambda op: (op.method != "GET", op.path.count("{"), len(op.path)))


def has_other_purpose(operation: Operation) -> bool:
    """Whether an operation manages a session or password other than by log-in: a log-out, say."""
    return (
        OTHER_PURPOSE.search(f"{operation.path} {operation.definition.get('operationId', '')}")
        is not None
    )


def manages_access(operation: Operation) -> bool:
    """Whether an operation has another purpose for the session, password or account of a user.

    To confirm a booking, or to change a tool, is none.
    """
    return has_other_purpose(operation) and _ACCESS.search(operation.path) is not None


def ends_account(operation: Operation) -> bool:
    """Whether an operation deletes the user's own account, also by `POST /users/me/deletion`."""
    *before, last = [part.lower() for part in operation.path.strip("/").split("/")]
    if operation.method == "DELETE":
        return last in _ACCOUNTS
    is_own = bool(_ACCOUNTS.intersection(before))
    return operation.method == "POST" and is_own and _ENDING.match(last) is not None


def body_schema(document: Document, operation: Operation) -> tuple[Any, bool]:
    """Return the schema of a body and whether it is a form; `None` for other media types."""
    body = document.resolve(operation.definition.get("requestBody", {}))
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    for media_type, entry in content.items():
        if "json" in media_type:
            return entry.get("schema"), False
    return content.get(_FORM, {}).get("schema"), True


def _operations(document: Document) -> tuple[Operation | None, Operation | None]:
    """Return the operations with which users register and log in."""
    with_password = [op for op in document.operations.values() if _takes(document, op)]
    endpoint = password_flow(document)
    matching = (
        op for op in document.operations.values() if (op.method, op.path) == ("POST", endpoint)
    )
    login = next(matching, None) or _best(with_password, LOG_IN)
    others = [op for op in with_password if op is not login and not op.requires_auth]
    register = _best(others, REGISTER) or _only(others)
    if login is None and register is None and not endpoint:
        givers = [op for op in document.operations.values() if _gives_token(document, op)]
        register = _best(givers, REGISTER) or _only(givers)
    return register, login


def _takes(document: Document, operation: Operation) -> bool:
    """Whether an operation takes a password to register or log in."""
    if operation.method not in ("POST", "PUT") or "{" in operation.path:
        return False
    names = (name for name, _ in members(document, body_schema(document, operation)[0]))
    return any(map(is_password, names)) and not has_other_purpose(operation)


def _gives_token(document: Document, operation: Operation) -> bool:
    if operation.method != "POST" or operation.requires_auth or "{" in operation.path:
        return False
    return any(_TOKEN_NAME.fullmatch(name) for name in _returned(document, operation))


def _issues_secret(document: Document, operation: Operation) -> bool:
    if operation.method != "POST" or operation.requires_auth or "{" in operation.path:
        return False
    names = map(_plain, _returned(document, operation))
    return set(map(_plain, _ISSUED)) <= set(names)


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _returned(document: Document, operation: Operation) -> list[str]:
    """Return the names of the members of an operation's successful responses."""
    answers = [answer for status, answer in operation.responses.items() if status[0] == "2"]
    schemas = [entry.get("schema") for answer in answers for entry in answer.media_types.values()]
    return [name for schema in schemas for name, _ in members(document, schema)]


def _best(operations: list[Operation], words: re.Pattern[str]) -> Operation | None:
    scored = [(_score(operation, words), operation) for operation in operations]
    fitting = [(score, operation) for score, operation in scored if score]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _score(operation: Operation, words: re.Pattern[str]) -> int:
    last = operation.path.rstrip("/").rpartition("/")[2]
    named = operation.definition.get("operationId", "")
    summary = operation.definition.get("summary", "")
    return (
        4 * bool(words.search(last)) + 2 * bool(words.search(named)) + bool(words.search(summary))
    )


def _only(operations: list[Operation]) -> Operation | None:
    return operations[0] if len(operations) == 1 else None


def call_of(document: Document, operation: Operation, filling: Filling = REGISTRATIONS[0]) -> Call:
    """Return a call of an operation with a body that matches its schema."""
    schema, is_form = body_schema(document, operation)
    template = body_template(document, schema, filling=filling)
    if operation.path == password_flow(document) and is_form:
        template = {**body_template(document, _CREDENTIALS), **(template or {}), **_GRANT}
    elif filling.members == "usual" and not _names_somebody(template):
        template = body_template(document, schema, filling=replace(filling, members="named"))
    return Call(operation.name, template, form=is_form)


def _names_somebody(template: Any) -> bool:
    return any(is_name(name) or is_email(name, {}) for name, _ in _leaves(template))


def _token_endpoint(document: Document) -> Call | None:
    """Return a call of the OAuth 2 token endpoint that only the security scheme names."""
    path = password_flow(document)
    if not path:
        return None
    sent = {**_GRANT, **body_template(document, _CREDENTIALS)}
    return Call(f"POST {path}", sent, form=True)


def _same_names(register: Call | None, login: Call, *, other: bool = False) -> Call:
    """Return the log-in with the values under which the user is registered.

    If the document does not say which of them identifies a user, it is the email address, or with
    `other` the user name.
    """
    if register is None:
        return login
    known = dict(_leaves(register.json))
    address = next((value for name, value in known.items() if is_email(name, {})), None)
    named = next((value for name, value in known.items() if is_name(name)), None)
    chosen = (named or address) if other else (address or named)

    def agreed(name: str, value: str) -> str:
        if name in known:
            return known[name]
        if is_password(name):
            return next((v for n, v in known.items() if is_password(n)), value)
        if is_email(name, {}) or is_name(name):
            return chosen or value
        return value

    return Call(login.operation, _renamed(login.json, agreed), login.form)


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
