"""Determines the targets at fault, by comparing violations of the document with differences."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.explain.words import names
from lockstep.matching import Difference
from lockstep.openapi.conformance import Violation
from lockstep.results.exchange import Exchange
from lockstep.results.findings import PARITY, TRAP, Finding
from lockstep.transport.messages import status_of

SILENT = "document silent"
ALL_ALIKE = "all wrong alike"
ALL = "all wrong"
# No document specifies which rows are to be written.
ROWS = "effects"
_ANSWER_KINDS = frozenset({"server_error", "no_response", "undocumented_status"})
# Checks of Schemathesis on whether a response should have had another status code.
_STATUS_CHECKS = frozenset(
    {
        "AcceptedNegativeData",
        "EnsureResourceAvailability",
        "IgnoredAuth",
        "MissingHeaderNotRejected",
        "ObjectLevelAuthorizationViolation",
        "RejectedPositiveData",
        "UnsupportedMethodResponse",
        "UseAfterFree",
    }
)
_MEMBER_RULES = frozenset({"additionalProperties", "unevaluatedProperties", "required"})
_WHOLE_BODY = frozenset({"unreadable_body", "unexpected_body", "undocumented_media_type"})
_REFUSALS = frozenset({400, 422})


def concerns_parity(parity: Finding, finding: Finding) -> bool:
    """Whether a finding on single targets is about the difference of a parity finding."""
    places = {(parity.operation, parity.where)}
    places |= {(place.operation, place.where) for place in parity.places}
    here = [where for operation, where in places if operation == finding.operation]
    if not here:
        return False
    if finding.kind in _ANSWER_KINDS and parity.kind == "status":
        same = finding.where in parity.values.values()
    else:
        broken = Violation(finding.kind, finding.where, "")
        same = any(concerns(broken, Difference(parity.kind, where, "", "")) for where in here)
    return same and set(finding.at_fault) <= set(parity.at_fault)


def class_of(at_fault: Sequence[str], compared: Sequence[str], *, alike: bool) -> str:
    """Return the name of the class, given the targets at fault and those compared."""
    if not at_fault:
        return SILENT
    if len(compared) > 1 and set(at_fault) >= set(compared):
        return ALL_ALIKE if alike else ALL
    return f"{names(at_fault)} wrong"


def wrong_by_document(finding: Finding, fault: str | None) -> tuple[str, ...]:
    """Return the targets of a parity finding that violate the document at the same place.

    `fault` is the violation by the request, if any: then targets that accept it are at fault, else
    those that refuse it.
    """
    exchange = finding.sequence[-1]
    difference = Difference(finding.kind, finding.where, "", "")
    wrong = {
        name
        for name in finding.targets
        if any(concerns(violation, difference) for violation in exchange.violations.get(name, ()))
    }
    if finding.kind == "status" and not wrong:
        wrong = set(_wrong_about_request(finding, exchange, fault))
    return tuple(name for name in finding.targets if name in wrong)


def wrong_alike(finding: Finding) -> tuple[str, ...]:
    """Return the targets at fault of a finding, with those that responded in the same way."""
    if finding.category == TRAP and finding.kind != TRAP:
        # A general trap only compares; the fault is known where a standard decides.
        return finding.at_fault
    leader, *partners = finding.sequence[-1].outcomes if finding.sequence else [""]
    if leader not in finding.targets or finding.category == PARITY:
        return finding.targets
    differences = finding.sequence[-1].differences
    if finding.kind in _STATUS_CHECKS:
        # Checks of status codes do not depend on the content of a response.
        differences = {
            name: [one for one in each if _is_of_status(one)] for name, each in differences.items()
        }
    same = [name for name in partners if name in differences and not differences[name]]
    return tuple(dict.fromkeys((*finding.targets, *same)))


def concerns(violation: Violation, difference: Difference) -> bool:
    """Whether a violation is about the place of a difference, rather than another one."""
    if difference.kind in ("status", "outcome"):
        return violation.kind in _ANSWER_KINDS or violation.kind in _STATUS_CHECKS
    if not difference.where.startswith("body"):
        return violation.where == difference.where
    if violation.kind in _WHOLE_BODY:
        return True
    if violation.kind != "body_schema":
        return False
    place, _, keyword = violation.where.rpartition(" ")
    there, here = _pointer(place), _pointer(difference.where)
    if keyword in _MEMBER_RULES:
        return difference.kind in ("extra", "missing") and here.rpartition("/")[0] == there
    return f"{here}/".startswith(f"{there}/") or f"{there}/".startswith(f"{here}/")


def _is_of_status(difference: Difference) -> bool:
    return difference.kind in ("status", "outcome") or difference.where == "header allow"


def _wrong_about_request(finding: Finding, exchange: Exchange, fault: str | None) -> list[str]:
    statuses = {name: status_of(exchange.outcomes[name]) or 0 for name in _present(finding)}
    accepting = [name for name, status in statuses.items() if 200 <= status < 300]
    if not accepting:
        return []
    if fault is not None:
        return accepting
    return [name for name, status in statuses.items() if status in _REFUSALS]


def _present(finding: Finding) -> list[str]:
    return [name for name in finding.targets if name in finding.sequence[-1].outcomes]


def _pointer(where: str) -> str:
    return where.partition(" ")[2]
