"""Holds answers to the contract, where the settings ask for it."""

import functools
from typing import Any

import yaml

from ...utils.json_text import parse_json
from ..answers import Response
from ..call import current

INTERNAL_ERROR = 500
DEPTH = 64
YAML = "application/yaml"


class UndocumentedAnswerError(Exception):
    """The answer is not one that the contract describes."""


def finish(response: Response) -> Response:
    """Lets through what the contract describes. Raises UndocumentedAnswerError."""
    operation = current().operation
    if operation is None or response.status_code == INTERNAL_ERROR:
        return response
    documented = operation.responses.get(response.status_code)
    if documented is None:
        raise UndocumentedAnswerError(f"{operation.id}: status {response.status_code}")
    if not documented.validators:
        return response
    validator = documented.validators.get(response.mimetype or "")
    if validator is None:
        raise UndocumentedAnswerError(f"{operation.id}: media type {response.mimetype}")
    violations = validator.violations(_value(response))
    if violations:
        raise UndocumentedAnswerError(f"{operation.id} {response.status_code}: {violations}")
    return response


def _value(response: Response) -> Any:
    data = response.get_data()
    if response.is_json:
        return parse_json(data, DEPTH)
    return _read_yaml(data) if response.mimetype == YAML else data.decode()


@functools.lru_cache(maxsize=1)
def _read_yaml(data: bytes) -> Any:
    return yaml.load(data, Loader=yaml.CSafeLoader)
