"""JSON that lockstep saves and reads again: reports, warrants."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from lockstep.schemas import load_schema


def json_text(data: Any) -> str:
    """Serialise data; lone surrogates, which UTF-8 cannot encode, stay escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def read_saved(text: str, source: object, kind: str, version: int) -> dict[str, Any]:
    """Read what was saved and validate it against the schema of its kind, such as `report`.

    Raises `ValueError`, beginning with the source, if it is none of that kind and version.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{source}: not JSON: {error}") from error
    found = data.get("schema_version") if isinstance(data, dict) else None
    if found is None:
        raise ValueError(f"{source}: not a {kind} of lockstep: it has no schema_version")
    if found != version:
        wanted = f"this lockstep reads {version}"
        raise ValueError(f"{source}: a {kind} of version {found}; {wanted}")
    wrong = next(_validator(kind).iter_errors(data), None)
    if wrong is not None:
        where = "/".join(map(str, wrong.instance_path))
        raise ValueError(f"{source}: {where}: {wrong.message}")
    saved: dict[str, Any] = data
    return saved


@cache
def _validator(kind: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(load_schema(kind))
