"""Creates the users of a run from a configuration and the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockstep.auth.actors import ActorSpec, Call
from lockstep.auth.advice import pasted
from lockstep.auth.calls import find_operation
from lockstep.auth.discovery import (
    Entrance,
    call_of,
    find_entrances,
)
from lockstep.auth.oauth import is_client, takes_clients
from lockstep.auth.schemes import find_combined, find_credentials, is_enough
from lockstep.configuration.reading import ConfigurationError, Source
from lockstep.drivers.walk.optional_credentials import takes_user
from lockstep.openapi.document import Document
from lockstep.transport.credentials import ACCOUNTS, UNKNOWN, Credential
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

_LOG_IN = pasted(
    "Configure the login, or give the user an existing `token`",
    "[log_in]",
    'operation = "POST /login"',
    'json = { email = "${email}", password = "${password}" }',
)
_USUAL: tuple[dict[str, Any], ...] = ({"name": "alice", "weight": 3}, {"name": "bob"})


def make_actors(source: Source, document: Document) -> tuple[ActorSpec, ...]:
    """Return the configured users; none if the configuration has no users.

    Settings that it omits are taken from the document. Raises `ConfigurationError` for operations
    that the document does not have.
    """
    data = source.data
    if not data.keys() & {"users", "log_in", "register"}:
        return ()
    faults: list[str] = []
    entrances = find_entrances(document)
    usual = entrances[0] if entrances else Entrance()
    ways = {
        "register": _call(source, document, "register", usual.register, faults),
        "log_in": _call(source, document, "log_in", usual.login, faults),
    }
    # What the file does not configure is determined by trial.
    configured = [data.get(key, {}).keys() & _SAYS for key in ("register", "log_in")]
    others = () if any(configured) else tuple(entrances)
    specs = tuple(
        _spec(source, document, at, user, ways, others, faults)
        for at, user in enumerate(data.get("users") or _USUAL)
    )
    if faults:
        raise ConfigurationError("\n".join(faults))
    return specs


def user_of_headers(targets: Sequence[Target], document: Document) -> ActorSpec | None:
    """Return the user of the token in the targets' header fields, which are then removed there.

    Requests without credentials are then sent without them. A credential that is not enough stays
    where it is, and users log in additionally. All stay where no operation of the document takes a
    user: nothing else would send them.
    """
    if not any(takes_user(document, operation) for operation in document.operations.values()):
        return None
    for form in find_credentials(document):
        if form.location == "query" or _lacks_log_in(document, form):
            continue
        asked = replace(form, form="{token}")
        tokens = {target.name: _own(target, asked) for target in targets}
        if not all(tokens.values()):
            continue
        for target in targets:
            target.headers = asked.remove(Request("GET", "/", target.headers)).headers
        return ActorSpec("caller", tokens=tokens, credential=asked)
    return None


def _lacks_log_in(document: Document, form: Credential) -> bool:
    """Whether a credential is always combined with another secret, which a log-in returns."""
    parts = (
        part.name for combined in find_combined(document) for part in (combined, *combined.also)
    )
    return form.name in parts and not is_enough(document, form) and bool(find_entrances(document))


def _own(target: Target, credential: Credential) -> str:
    """Return the value of a credential in the header fields of a target, empty without one."""
    return credential.value(Request("GET", "/", target.headers)) or ""


def _spec(
    source: Source,
    document: Document,
    at: int,
    user: Mapping[str, Any],
    ways: Mapping[str, Call | None],
    entrances: tuple[Entrance, ...],
    faults: list[str],
) -> ActorSpec:
    path: list[str | int] = ["users", at] if "users" in source.data else []
    log_in = source.data.get("log_in", {})
    values = user.get("values", {})
    exists = "values" in user or "values_for" in user
    tokens = {**({"*": user["token"]} if "token" in user else {}), **user.get("tokens", {})}
    login, register = ways["log_in"], None if exists else ways["register"]
    names_of_values = _value_names(user)
    is_configured = log_in.keys() & _SAYS
    if is_client(names_of_values) and (is_configured or takes_clients(document)):
        login = login if is_configured else None
        if login is not None and not log_in.keys() & {"json", "form"}:
            # The body for a token endpoint need not be configured.
            login = replace(login, json={})
    elif not (tokens or login or register):
        if not (exists and _is_basic(document, user, log_in)):
            faults.append(source.fault(path, f"the document shows no way to log in. {_LOG_IN}"))
    elif exists and login is None and not _is_basic(document, user, log_in):
        faults.append(source.fault(path, f"no login was found for this account. {_LOG_IN}"))
    names = {name: _operations(source, document, [*path, name], user, faults) for name in _LISTS}
    send = user.get("send") or log_in.get("send")
    return ActorSpec(
        user["name"],
        login=_with_values(login, names_of_values) if login else None,
        register=register,
        weight=user.get("weight", 1.0),
        avoid=names["avoid"],
        retire_after=names["retire_after"],
        token=log_in.get("token", ""),
        credential=parse_credential(send) if send else UNKNOWN,
        values=values,
        values_for=user.get("values_for", {}),
        tokens=tokens,
        entrances=() if exists or tokens else entrances,
    )


def _is_basic(document: Document, user: Mapping[str, Any], log_in: Mapping[str, Any]) -> bool:
    """Whether an account needs no log-in: its name and password are sent with each request."""
    send = user.get("send") or log_in.get("send")
    found = [parse_credential(send)] if send else find_credentials(document)
    return any(form in ACCOUNTS for form in found)


_SAYS = frozenset({"operation", "json", "form"})
_LISTS = ("avoid", "retire_after")


def parse_credential(text: str) -> Credential:
    """Parse `Name: form`, `cookie:NAME` or `query:NAME`; the default form is `{token}`."""
    where, _, name = text.partition(":")
    if where in ("cookie", "query"):
        return Credential("cookie" if where == "cookie" else "query", name.strip(), "{token}")
    form = name.strip()
    if "{token}" not in form:
        form = f"{form} {{token}}" if form else "{token}"
    return Credential("header", where.strip(), form)


def _call(
    source: Source, document: Document, key: str, found: Call | None, faults: list[str]
) -> Call | None:
    """Return a configured call, completed with the call `found` in the document."""
    table = source.data.get(key, {})
    if "operation" in table:
        operation = find_operation(document, table["operation"])
        clients = any(is_client(_value_names(user)) for user in source.data.get("users", ()))
        if operation is None and clients and re.fullmatch(r"[A-Z]+ /\S*", table["operation"]):
            # Token endpoints for OAuth 2 clients are often undocumented.
            body = table.get("json", table.get("form", {}))
            return Call(table["operation"], body, form="json" not in table)
        if operation is None:
            faults.append(_no_operation(source, [key, "operation"], table["operation"], document))
            return None
        found = call_of(document, operation)
    if found is None or not table.keys() & {"json", "form"}:
        return found
    return Call(found.operation, table.get("json", table.get("form")), form="form" in table)


def _with_values(call: Call, names: Iterable[str]) -> Call:
    """Return the call with an account's values in the members of the same names."""
    known = set(names)

    def valued(node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        return {
            name: "${" + name + "}" if name in known and isinstance(member, str) else valued(member)
            for name, member in node.items()
        }

    return replace(call, json=valued(call.json))


def _value_names(user: Mapping[str, Any]) -> set[str]:
    """Return the names of the values that an account has on any target."""
    return {*user.get("values", {}), *_names(user)}


def _names(user: Mapping[str, Any]) -> set[str]:
    return {name for values in user.get("values_for", {}).values() for name in values}


def _operations(
    source: Source,
    document: Document,
    path: list[str | int],
    user: Mapping[str, Any],
    faults: list[str],
) -> frozenset[str]:
    found = set()
    for at, name in enumerate(user.get(str(path[-1]), ())):
        operation = find_operation(document, name)
        if operation is None:
            faults.append(_no_operation(source, [*path, at], name, document))
        else:
            found.add(operation.name)
    return frozenset(found)


def _no_operation(source: Source, path: Sequence[str | int], name: str, document: Document) -> str:
    some = ", ".join(list(document.operations)[:6])
    return source.fault(path, f"the document has no operation {name}; it has {some}, …")
