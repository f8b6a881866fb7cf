"""Creates resources with elements where a body may have none: an order without lines, say.

An empty list is valid, and leads nowhere: such an order cannot be placed, and costs nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from lockstep.auth.bodies import body_template, flat, kind_of_value
from lockstep.drivers.walk.bodies import with_own_names
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.media import Media
from lockstep.drivers.walk.outcomes import conflicts, succeeded
from lockstep.drivers.walk.quantities import quantity_in
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange


def lacks_elements(maker: Maker, operation: Operation) -> bool:
    """Whether a creation succeeds, but has no elements where it may have some."""
    client = maker.client
    media = next(iter(client.media(operation)), None)
    known = operation.name in client.known.accepted and operation.name not in client.entrances
    if operation.method != "POST" or not known or media is None or media.kind != "json":
        return False
    value = client.template(operation, client.mine)
    return bool(_empty(client.document, media.schema, value))


def add_elements(maker: Maker, operation: Operation) -> None:
    """Let a creation have elements from then on, if it succeeds with them."""
    client, known = maker.client, maker.client.known
    media = client.media(operation)[0]
    values = maker.live(operation, client.mine)
    if values is None:
        return
    before, plain = known.recipes.get(media.key), client.template(operation, client.mine)
    is_new = operation.name not in client.referring
    for by_noun in (False, True) if is_new else (True,):
        if by_noun:
            client.referring.add(operation.name)
        for recipe in _with_elements(client.document, media, plain):
            known.recipes[media.key] = with_own_names(client.document, media.schema, recipe)
            if by_noun and is_new:
                deque(maker.renew_referred(operation, client.mine), 0)
            if _is_accepted(maker, operation, values):
                return
    if is_new:
        client.referring.discard(operation.name)
    if before is None:
        known.recipes.pop(media.key, None)
    else:
        known.recipes[media.key] = before


def _is_accepted(maker: Maker, operation: Operation, values: Mapping[str, str]) -> bool:
    """Whether a creation succeeds as it is now, perhaps after what it may need first."""
    client = maker.client

    def send() -> Exchange:
        return client.act(operation, values, client.template(operation, client.mine))

    exchange = send()
    if conflicts(exchange):
        named = values, client.template(operation, client.mine)
        exchange = maker.needs.find(operation, named, client.mine, send) or exchange
    return succeeded(exchange) and not exchange.parted


def _with_elements(document: Document, media: Media, value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield bodies with an element in each list that is empty, and the document's example."""
    empty = _empty(document, media.schema, value)
    elements = {name: body_template(document, items) for name, items in empty.items()}
    yield {**value, **{name: [element] for name, element in elements.items()}}
    for name, items in empty.items():
        quantity = quantity_in(document, items)
        if quantity is not None and isinstance(elements[name], Mapping):
            # There may be whole pieces only.
            for number in dict.fromkeys((max(quantity.least, Decimal(1)), quantity.least)):
                one = {**elements[name], quantity.name: quantity.write(number)}
                yield {**value, name: [one]}
    for example in media.examples[:1]:
        if isinstance(example, Mapping) and all(example.get(name) for name in empty):
            yield example


def _empty(document: Document, schema: Any, value: Any) -> dict[str, Mapping[str, Any]]:
    """Return the schemas of the elements of each list of objects that a body has none of."""
    properties = flat(document, schema).get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for name, declared in properties.items():
        member = flat(document, declared)
        items = flat(document, member.get("items", {}))
        is_list = kind_of_value(member) == "array" and not member.get("readOnly")
        if is_list and isinstance(items.get("properties"), Mapping) and not value.get(name):
            found[name] = items
    return found
