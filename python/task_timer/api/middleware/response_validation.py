"""Validates responses against the contract, if the settings enable it."""

from typing import Any

from ...utils.json_text import parse_json
from ..answers import Answer
from ..call import Call

INTERNAL_ERROR = 500
DEPTH = 64


class UndocumentedAnswerError(Exception):
    """The response is not documented in the contract."""


def finish(call: Call, answer: Answer) -> Answer:
    """Validates a response against the contract. Raises UndocumentedAnswerError."""
    operation = call.operation
    if operation is None or answer.status == INTERNAL_ERROR:
        return answer
    documented = operation.responses.get(answer.status)
    if documented is None:
        raise UndocumentedAnswerError(f"{operation.id}: status {answer.status}")
    if not documented.validators:
        return answer
    media_type = answer.headers.get("Content-Type", "").split(";")[0]
    if media_type not in documented.validators:
        raise UndocumentedAnswerError(f"{operation.id}: media type {media_type}")
    validator = documented.validators[media_type]
    if validator is None:
        return answer
    violations = validator.violations(_value(media_type, answer.body or b""))
    if violations:
        found = ", ".join(f"{each.pointer} {each.rule}".strip() for each in violations)
        raise UndocumentedAnswerError(f"{operation.id} {answer.status}: {found}")
    return answer


def _value(media_type: str, data: bytes) -> Any:
    if media_type.endswith(("/json", "+json")):
        return parse_json(data, DEPTH)
    return data.decode()
