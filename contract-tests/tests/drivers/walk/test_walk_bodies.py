"""Bodies for recursive and wide schemas are valid and of limited size."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from lockstep.auth.bodies import Filling, body_template
from lockstep.drivers.walk.bodies import (
    Style,
    body,
    single_changes,
    with_invalid_element,
    with_long_texts,
    with_own_names,
)
from lockstep.openapi.document import Document

NODE = {"$ref": "#/components/schemas/Node"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "itself": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "parent": NODE},
    },
    "a list of itself": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": NODE}},
    },
    "by branches": {
        "type": "object",
        "properties": {
            "one": {"oneOf": [NODE, {"type": "null"}]},
            "all": {"allOf": [NODE, {"description": "it"}]},
            "name": {"type": "string"},
        },
    },
    "an endless alternative": {"anyOf": [NODE, {"type": "string"}]},
    "fanning out": {
        "type": "object",
        "properties": {
            f"member{number}": {
                "type": "object",
                "properties": {f"inner{at}": NODE for at in range(30)},
            }
            for number in range(30)
        },
    },
    "two that are required": {
        "type": "object",
        "required": ["left", "right"],
        "properties": {"left": NODE, "right": NODE},
    },
}


def document(schema: dict[str, Any]) -> Document:
    """Return a document whose only schema is recursive."""
    info = {"title": "t", "version": "1"}
    answers = {"responses": {"200": {"description": "yes"}}}
    paths = {"/nodes": {"get": answers}}
    parts = {"schemas": {"Node": schema}}
    return Document({"openapi": "3.1.0", "info": info, "paths": paths, "components": parts})


@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_a_body_is_finite(kind: str) -> None:
    whole = document(SCHEMAS[kind])
    found = [body(whole, NODE, style) for style in Style]
    found += [body_template(whole, NODE, filling=Filling("all", unique=True))]
    found += list(single_changes(whole, NODE))
    assert max(len(json.dumps(one)) for one in found) < 60_000


@pytest.mark.parametrize("kind", ["itself", "a list of itself", "by branches"])
def test_a_body_is_valid_and_nests_its_own_type_once(kind: str) -> None:
    whole = document(SCHEMAS[kind])
    rooted = {**NODE, "components": {"schemas": {"Node": SCHEMAS[kind]}}}
    validator = jsonschema_rs.validator_for(rooted)
    full = body(whole, NODE, Style.FULL)
    assert validator.is_valid(full)
    inner = next(member for name, member in full.items() if name != "name")
    inner = inner[0] if isinstance(inner, list) else inner
    assert set(inner) == {"name"}


PAYEES = {
    "type": "object",
    "properties": {
        "payees": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "iban"],
                "properties": {
                    "name": {"type": "string"},
                    "iban": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{13}$"},
                },
            },
        }
    },
}


def test_one_of_several_elements_lacks_a_required_member() -> None:
    document = Document({"openapi": "3.1.0", "info": {}, "paths": {}})
    one, two = ({"name": name, "iban": "DE0123456789012"} for name in "ab")
    found = with_invalid_element(document, PAYEES, {"payees": [one, two]})
    assert found == {"payees": [one, {"iban": one["iban"]}, two]}


@pytest.mark.parametrize("value", [{"payees": []}, {"payees": ["a"]}, {"payee": {}}, [], None])
def test_without_a_list_of_objects_no_element_is_invalid(value: Any) -> None:
    document = Document({"openapi": "3.1.0", "info": {}, "paths": {}})
    assert with_invalid_element(document, PAYEES, value) is None


def test_the_texts_of_elements_are_made_unique() -> None:
    document = Document({"openapi": "3.1.0", "info": {}, "paths": {}})
    value = {"payees": [{"name": "a", "iban": "DE0123456789012"}]}
    (one,) = with_own_names(document, PAYEES, value, every=True)["payees"]
    assert "${" in one["name"]
    assert one["iban"] != "DE0123456789012"
    assert with_own_names(document, PAYEES, value) == value


def test_free_texts_without_a_limit_are_long_beyond_the_bmp_one_at_a_time() -> None:
    text = {"type": "string"}
    members = {"body": text, "note": text, "title": text, "password": text}
    others = {"kind": {**text, "enum": ["a"]}, "short": {**text, "maxLength": 9}, "count": {}}
    whole = {"type": "object", "properties": members | others}
    document = Document({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {}}}}})
    value = dict.fromkeys(members | others, "a")
    changed = [
        {name: each[name] for name in each if each[name] != "a"}
        for each in with_long_texts(document, whole, value)
    ]
    assert [list(each) for each in changed] == [["body"], ["note"]]
    assert all(
        set(text) == {"😀"} and len(text) > 200 for each in changed for text in each.values()
    )
    assert list(with_long_texts(document, whole, {"count": 1})) == []


def _parcels(**discriminator: Any) -> Document:
    base = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    fixed = {"properties": {"kind": {"const": "box"}, "weight": {"type": "integer"}}}
    ref = "#/components/schemas/"
    schemas = {
        "Base": base,
        "Box": {"allOf": [{"$ref": f"{ref}Base"}, {} if discriminator else fixed]},
        "Tube": {"allOf": [{"$ref": f"{ref}Base"}, {"properties": {"length": {"type": "number"}}}]},
        "Item": {"oneOf": [{"$ref": f"{ref}Box"}, {"$ref": f"{ref}Tube"}], **discriminator},
    }
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {},
            "components": {"schemas": schemas},
        }
    )


@pytest.mark.parametrize(
    ("discriminator", "kind"),
    [
        ({}, "box"),
        ({"discriminator": {"propertyName": "kind"}}, "Box"),
        (
            {
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"a-box": "#/components/schemas/Box", "a-tube": "Tube"},
                }
            },
            "a-box",
        ),
    ],
)
def test_an_alternative_is_selected_by_its_discriminator(
    discriminator: dict[str, Any], kind: str
) -> None:
    document = _parcels(**discriminator)
    item = {"$ref": "#/components/schemas/Item"}
    assert body(document, item, Style.PLAIN)["kind"] == kind
    assert body(document, item, Style.WORDS)["kind"] == kind
