"""Decides which parts of a generated case may be replaced."""

from __future__ import annotations

from typing import Any

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData

# Phases with deliberate values: examples as written, and boundary values.
_CHOSEN = frozenset({"examples", "coverage"})


def is_random(case: Case[Any]) -> bool:
    """Whether the values of a case were drawn at random."""
    meta = case.meta
    return meta is not None and meta.phase.name.value not in _CHOSEN


def is_free(case: Case[Any], location: ParameterLocation, name: str = "") -> bool:
    """Whether a part of a case was neither made invalid on purpose nor supplied by a link.

    For an unsatisfiable pattern, the coverage phase fills in an invalid value wherever the
    parameter is not the one under test; such a value may be replaced, too.
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
