"""Path parameters that identify nothing yet, or never anything."""

from __future__ import annotations

from lockstep.auth.calls import own_values
from lockstep.auth.texts import draw, drawn
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.parameters import plain_value
from lockstep.drivers.walk.values import unknown_value
from lockstep.openapi.operations import Operation


def new_name(client: Client, operation: Operation, style: Style = Style.PLAIN) -> str:
    """Return a value for the last path parameter that does not identify anything yet."""
    last = parameters_of(operation.path)[-1]
    parameter = next(each for each in client.parameters(operation) if each.name == last)
    nonce = f"{client.actors.nonce if client.actors else ''}{client.number()}"
    if parameter.kind in ("integer", "number"):
        return str(700_000 + client.number())
    if parameter.schema.get("format") == "uuid":
        return own_values("walker", nonce)["uuid"]
    if parameter.schema.keys() & {"enum", "const", "pattern"}:
        return draw(drawn(parameter.schema), nonce) or plain_value(client.document, parameter)
    name = f"lock step-{nonce} é" if style is Style.ODD else f"lockstep-{nonce}"
    return name[-parameter.schema.get("maxLength", 99) :]


def unknown(client: Client, operation: Operation) -> Values:
    """Return path parameters of an operation that do not identify anything."""
    return {
        each.name: unknown_value(plain_value(client.document, each), each)
        for each in client.parameters(operation)
        if each.location == "path"
    }
