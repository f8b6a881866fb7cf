"""Inserts existing values into generated requests."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.hooks import HookContext

from lockstep.drivers.fuzz.methods import place_of
from lockstep.drivers.fuzz.parts import is_free
from lockstep.drivers.fuzz.places import Places
from lockstep.drivers.fuzz.pool import Pool
from lockstep.drivers.fuzz.reuse import Reuse
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation, Parameter
from lockstep.openapi.shapes import Path, Shape

# In the remaining share, random ids and entity tags lead to 404 and 412.
SHARE = 0.7
_LOCATIONS = {
    "path": ParameterLocation.PATH,
    "query": ParameterLocation.QUERY,
    "header": ParameterLocation.HEADER,
}


class Filler:
    """Replaces generated values by known ones of the same kind, in the valid parts of a case.

    Parts that are invalid on purpose, and values supplied by a link, are kept.
    """

    def __init__(
        self,
        document: Document,
        pool: Pool,
        rng: random.Random,
        concerns: Callable[[Case[Any]], bool],
        places: Places | None = None,
    ) -> None:
        """`concerns` selects the cases to fill, as the hook is called for those of every engine."""
        self._document = document
        self._concerns = concerns
        self._pool = pool
        self._rng = rng
        self._places = places or Places(document, rng)
        self._reuse = Reuse(pool.given, rng)

    def before_call(self, _context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
        """The Schemathesis hook; called for generated cases, not for those derived by checks."""
        if not self._concerns(case):
            return
        operation = self._document.find(*place_of(case))
        if operation is None:
            return
        for parameter in operation.parameters:
            location = _LOCATIONS.get(parameter.location)
            if parameter.generated and location and is_free(case, location, parameter.name):
                self._parameter(case, operation.name, parameter)
        self._place(case, operation)
        self._require(case, operation)
        self._reuse.apply(case, operation)
        if not is_free(case, ParameterLocation.BODY):
            return
        shape = self._document.body_shape(operation)
        if not self._document.is_annotated:
            owner = self._document.families.about(operation.path)
            case.body = self._inferred(case.body, "", owner)
        elif shape is not None:
            case.body = self._body(case.body, shape, ())

    def _place(self, case: Case[Any], operation: Operation) -> None:
        """Use path parameters chosen by a client, if no response has shown an id."""
        named = [each for each in operation.parameters if each.location == "path"]
        if not named or self._rng.random() >= SHARE:
            return
        if any(self._pool.id_for(each.name, each.family) for each in named if each.family):
            return
        for name, value in self._places.values_for(operation).items():
            if name in case.path_parameters and is_free(case, ParameterLocation.PATH, name):
                case.path_parameters[name] = value

    def _require(self, case: Case[Any], operation: Operation) -> None:
        """Set required parameters to values that were accepted before, such as a tenant."""
        for each in operation.parameters:
            value = self._places.given.required.get((each.location, each.name))
            location = _LOCATIONS.get(each.location)
            if value is None or location is None or not is_free(case, location, each.name):
                continue
            container = case.headers if each.location == "header" else case.query
            if container and each.name in container and self._rng.random() < SHARE:
                container[each.name] = value

    def _parameter(self, case: Case[Any], operation: str, parameter: Parameter) -> None:
        match parameter.generated, parameter.location:
            case "id", "path":
                self._id(case.path_parameters, parameter)
            case "id", "query":
                self._id(case.query, parameter)
            case "cursor", "query":
                self._cursor(case, operation, parameter.name)
            case "etag", "header":
                self._tag(case, parameter)
            case _:
                return

    def _id(self, container: dict[str, Any], parameter: Parameter) -> None:
        name = parameter.name
        known = self._pool.id_for(name, parameter.family)
        if name in container and known is not None and self._rng.random() < SHARE:
            container[name] = known

    def _cursor(self, case: Case[Any], operation: str, name: str) -> None:
        # A random cursor is invalid, so the parameter is removed unless one is known.
        if name not in case.query:
            return
        known = self._pool.cursor_for(operation)
        if known is None:
            del case.query[name]
            return
        value, query = known
        if self._rng.random() < SHARE:
            case.query.clear()
            case.query.update(query)
        case.query[name] = value

    def _tag(self, case: Case[Any], parameter: Parameter) -> None:
        name = parameter.name
        if name not in case.headers:
            return
        known = self._pool.tag_for(case.formatted_path)
        value = str(case.headers[name])
        valid = parameter.shape is None or parameter.shape.accepts(value)
        if known is not None and (not valid or self._rng.random() < SHARE):
            case.headers[name] = known
        elif not valid and parameter.required:
            case.headers[name] = "*"
        elif not valid:
            del case.headers[name]

    def _body(self, value: Any, shape: Shape, path: Path) -> Any:
        if isinstance(value, dict):
            return {
                name: self._body(member, inner, (*path, name))
                if (inner := shape.member(name)) is not None
                else member
                for name, member in value.items()
            }
        if not isinstance(value, str) or self._rng.random() >= SHARE:
            return value
        if shape.kind == "id":
            return self._pool.id_for(str(path[-1])) or value
        if shape.kind == "token":
            return self._pool.token_for(str(path[-1])) or value
        return value

    def _inferred(self, value: Any, name: str, owner: str) -> Any:
        """Return a part of a body, with known ids in members that refer to other resources."""
        families = self._document.families
        if isinstance(value, dict):
            inner = families.inside(name, owner) if name else owner
            return {key: self._inferred(member, key, inner) for key, member in value.items()}
        if isinstance(value, list):
            return [self._inferred(element, name, owner) for element in value]
        role = families.role(name, owner) if name else None
        if role is None or role.kind != "id" or role.family.startswith(f"{owner}."):
            return value
        known = self._pool.id_for(name, role.family)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if known is None or not (whole or isinstance(value, str)) or self._rng.random() >= SHARE:
            return value
        return int(known) if whole and known.isdecimal() else known
