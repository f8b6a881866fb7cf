"""What is sent after a refusal: other header fields, and what it or a description tells.

Many documents say in words what could be an enum or a reference: "spam, abuse or other", "the
username of the recipient".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.parameters import is_condition, plain_value
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Outcome, Response, status_of

_WORD = r"[`'\"]?[\w-]+[`'\"]?"
_CHOICES = (
    # "must be one of spam, abuse, other"
    re.compile(rf"\b(?:one|any) of:? +({_WORD}(?: *[,|/] *{_WORD})*(?:,? +(?:or|and) +{_WORD})?)"),
    # "spam, abuse or other"
    re.compile(rf"({_WORD}(?:, *{_WORD})*,? +or +{_WORD})"),
)
_BETWEEN = re.compile(r" *[,|/] *(?:or +|and +)?| +(?:or|and) +")
# Maximum number of members whose values are sought in words, and of values for each.
_MOST_DESCRIBED, _MOST_CHOICES = 3, 3
# Maximum number of optional header fields to try.
_MOST_EXTRAS = 6
# Attributes by which users are named in bodies.
_OF_USERS = ("username", "email", "id")
_FORBIDDEN = 403
_BOUND = ("const", "enum", "example", "examples", "format", "pattern")


def sent_with_extras(
    client: Client, operation: Operation, values: Mapping[str, str], actor: str, value: Any
) -> Exchange | None:
    """Send a creation without its body, or with an optional header, until one succeeds."""
    request_body = client.document.resolve(operation.definition.get("requestBody", {}))
    contents = [] if request_body.get("required") else [None]
    contents += [value] if value is not None else []
    optional: list[dict[str, str]] = [
        {each.name: plain_value(client.document, each)}
        for each in client.parameters(operation)
        if each.location == "header" and not each.required and not is_condition(each.name)
    ]
    for body in contents:
        for headers in [{}, *optional[:_MOST_EXTRAS]] if body is None else optional:
            request = client.request(operation, values, body, headers=headers)
            exchange = client.send(operation, values, request, actor)
            if succeeded(exchange):
                client.known.extras[operation.name] = headers
                client.known.bodiless |= {operation.name} if body is None else set()
                return exchange
    return None


def sent_as_described(
    client: Client, operation: Operation, values: Mapping[str, str], actor: str
) -> Exchange | None:
    """Send a creation with what words tell of its members, one by one, until it succeeds.

    A text may be one of a few, or name another user. What succeeds is known from then on; `None` if
    nothing does.
    """
    known, media = client.known, next(iter(client.media(operation)), None)
    if media is None or not media.has_members:
        return None

    def send() -> Exchange:
        value = client.template(operation, actor)
        return client.send(operation, values, client.request(operation, values, value), actor)

    tried: set[str] = set()
    exchange = send()
    for _ in range(_MOST_DESCRIBED):
        value = client.template(operation, actor)
        left = list(blamed(client.document, media.schema, value, exchange.leader))
        name = next((each for each in left if each not in tried), None)
        if name is None or exchange.parted:
            break
        tried.add(name)
        said = choices(client.document, media.schema, name, exchange.leader)[:_MOST_CHOICES]
        ways = [(known.chosen, text) for text in said]
        ways += [(known.addressed, attribute) for attribute in _OF_USERS]
        for source, text in ways:
            source.setdefault(media.key, {})[name] = text
            if client.template(operation, actor) != value:
                exchange = send()
                if succeeded(exchange):
                    return exchange
                still = blamed(client.document, media.schema, value, exchange.leader)
                if name not in still:
                    # Another member may be wrong, too.
                    break
            del source[media.key][name]
    if status_of(exchange.leader) != _FORBIDDEN:
        known.chosen.pop(media.key, None)
        known.addressed.pop(media.key, None)
    return None


def blamed(document: Document, schema: Any, value: Any, outcome: Outcome) -> Iterator[str]:
    """Yield the free text members of a body that a refusal names, in order."""
    if not isinstance(outcome, Response) or not isinstance(value, Mapping):
        return
    text = outcome.body.decode("utf-8", "replace")
    properties = flat(document, schema).get("properties", {})
    for name in value:
        member = flat(document, properties.get(name, {}))
        free = kind_of_value(member) == "string" and not any(key in member for key in _BOUND)
        if free and re.search(rf"\b{re.escape(name)}\b", text):
            yield name


def choices(document: Document, schema: Any, name: str, outcome: Outcome) -> list[str]:
    """Return the values that a refusal or the description of a member lists; often none."""
    member = flat(document, flat(document, schema).get("properties", {}).get(name, {}))
    body = json_of(outcome.body) if isinstance(outcome, Response) else None
    for text in (*_about(body, name), str(member.get("description", ""))):
        for pattern in _CHOICES:
            found = pattern.search(text)
            if found is not None:
                return [each.strip("`'\"") for each in _BETWEEN.split(found[1])]
    return []


def _about(node: Any, name: str) -> Iterator[str]:
    """Yield the texts of an error body that are about a member: below its name, or naming it."""
    if isinstance(node, Mapping):
        for key, each in node.items():
            if key == name:
                yield json.dumps(each, ensure_ascii=False)
            else:
                yield from _about(each, name)
    elif isinstance(node, list):
        for each in node:
            yield from _about(each, name)
    elif isinstance(node, str) and re.search(rf"\b{re.escape(name)}\b", node):
        yield node
