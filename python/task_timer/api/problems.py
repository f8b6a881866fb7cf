"""Problem details (RFC 9457), from the error catalogue of the contract."""

from typing import Any

from ..contract import Contract
from ..utils.errors import Violation
from ..utils.json_text import dump_json

PROBLEM = "application/problem+json"


def make_problem(
    contract: Contract, code: str, request_id: str, violations: list[Violation] | None = None
) -> tuple[int, bytes]:
    """Returns the status and the body for an error code."""
    entry = contract["x-errors"][code]
    problem: dict[str, Any] = {
        "type": contract["x-problem-type"] + code,
        "title": entry["title"],
        "status": entry["status"],
        "code": code,
        "detail": entry["detail"],
        "request_id": request_id,
    }
    if violations:
        problem["errors"] = [
            {"in": violation.place, "pointer": violation.pointer, "rule": violation.rule}
            for violation in violations
        ]
    return entry["status"], dump_json(problem)
