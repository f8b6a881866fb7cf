"""Puts values that exist into generated requests."""

from __future__ import annotations

import random
from typing import Any

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.hooks import HookContext

from lockstep.document import Document
from lockstep.drivers.pool import Pool
from lockstep.operations import Parameter
from lockstep.shapes import Path, Shape

# Random ids and tags stay in the remaining share: they are how 404 and 412 are met.
SHARE = 0.7
_LOCATIONS = {
    "path": ParameterLocation.PATH,
    "query": ParameterLocation.QUERY,
    "header": ParameterLocation.HEADER,
}


class Filler:
    """Replaces generated values by known ones of the same kind, in the valid parts of a case.

    Parts that were made invalid on purpose and values that a link supplied stay as they are.
    """

    def __init__(self, document: Document, pool: Pool, rng: random.Random) -> None:
        self._document = document
        self._pool = pool
        self._rng = rng

    def before_call(self, _context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
        """The Schemathesis hook; runs for generated cases, not for those that checks derive."""
        operation = self._document.find(case.operation.method.upper(), case.operation.path)
        if operation is None:
            return
        for parameter in operation.parameters:
            location = _LOCATIONS.get(parameter.location)
            if parameter.generated and location and _is_free(case, location, parameter.name):
                self._parameter(case, operation.name, parameter)
        shape = self._document.body_shape(operation)
        if shape is not None and _is_free(case, ParameterLocation.BODY):
            case.body = self._body(case.body, shape, ())

    def _parameter(self, case: Case[Any], operation: str, parameter: Parameter) -> None:
        match parameter.generated, parameter.location:
            case "id", "path":
                self._id(case.path_parameters, parameter.name)
            case "id", "query":
                self._id(case.query, parameter.name)
            case "cursor", "query":
                self._cursor(case, operation, parameter.name)
            case "etag", "header":
                self._tag(case, parameter)
            case _:
                return

    def _id(self, container: dict[str, Any], name: str) -> None:
        known = self._pool.id_for(name)
        if name in container and known is not None and self._rng.random() < SHARE:
            container[name] = known

    def _cursor(self, case: Case[Any], operation: str, name: str) -> None:
        # A random cursor is not valid data: without a known one the parameter is left out.
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


def _is_free(case: Case[Any], location: ParameterLocation, name: str = "") -> bool:
    """Whether a part of a case was neither made invalid on purpose nor supplied by a link.

    For a pattern that it cannot satisfy the coverage phase fills in an invalid value wherever the
    parameter is not what the case is about; such a value may be replaced too.
    """
    meta = case.meta
    if meta is None or name in getattr(case._override, location.container_name):
        return False
    if not meta.is_negative_at(location) or meta.generation.mode.is_positive:
        return True
    data = meta.phase.data
    return isinstance(data, CoveragePhaseData) and (
        data.parameter_location is not location or data.parameter not in (name, None)
    )
