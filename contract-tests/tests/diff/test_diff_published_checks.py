"""The published checks of oasdiff, and the effect that lockstep reports for each.

The names are those listed by `oasdiff checks`. A change is expected to be breaking when it breaks
clients, which sometimes differs from the level that oasdiff assigns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fixtures.diffs import document, effects

A, B = {"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}
ITEM = {"type": "object", "properties": {"a": {"type": "string"}}}
BOUNDS = {
    "max": ("maximum", 1),
    "min": ("minimum", -1),
    "exclusive-max": ("exclusiveMaximum", 1),
    "exclusive-min": ("exclusiveMinimum", -1),
    "max-length": ("maxLength", 1),
    "min-length": ("minLength", -1),
    "max-items": ("maxItems", 1),
    "min-items": ("minItems", -1),
    "max-properties": ("maxProperties", 1),
    "min-properties": ("minProperties", -1),
}
CONTAINS: dict[str, Any] = {"contains": {"const": 1}}
PETS = {"Cat": ITEM, "Dog": ITEM | {"required": ["a"]}}


def pets(**discriminator: Any) -> dict[str, Any]:
    branches = [{"$ref": f"#/components/schemas/{name}"} for name in PETS]
    return {"oneOf": branches} | ({"discriminator": discriminator} if discriminator else {})


def calling(**mapping: str) -> dict[str, Any]:
    return pets(propertyName="a", mapping=mapping)


# By suffix of the name: the schemas before and after, and the change of the set of values.
CHANGES: dict[str, tuple[Any, Any, str]] = {
    "became-enum": ({"type": "string"}, {"type": "string", "enum": ["a"]}, "narrower"),
    "became-not-enum": ({"type": "string", "enum": ["a"]}, {"type": "string"}, "wider"),
    "enum-value-added": ({"enum": ["a"]}, {"enum": ["a", "b"]}, "wider"),
    "enum-value-removed": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "narrower"),
    "const-added": ({"type": "string"}, {"type": "string", "const": "a"}, "narrower"),
    "const-removed": ({"type": "string", "const": "a"}, {"type": "string"}, "wider"),
    "const-changed": ({"const": "a"}, {"const": "b"}, "both"),
    "became-nullable": ({"type": "string"}, {"type": ["string", "null"]}, "wider"),
    "became-not-nullable": ({"type": ["string", "null"]}, {"type": "string"}, "narrower"),
    "type-changed": ({"type": "string"}, {"type": "integer"}, "other"),
    "type-generalized": ({"type": "integer"}, {"type": "number"}, "wider"),
    "type-specialized": ({"type": "number"}, {"type": "integer"}, "narrower"),
    "list-of-types-widened": ({"type": ["string"]}, {"type": ["string", "boolean"]}, "wider"),
    "list-of-types-narrowed": ({"type": ["string", "boolean"]}, {"type": ["string"]}, "narrower"),
    "pattern-added": ({"type": "string"}, {"type": "string", "pattern": "a"}, "narrower"),
    "pattern-removed": ({"type": "string", "pattern": "a"}, {"type": "string"}, "wider"),
    "pattern-changed": ({"pattern": "a"}, {"pattern": "b"}, "other"),
    "pattern-generalized": ({"pattern": "^[a-z]+$"}, {"pattern": ".*"}, "wider"),
    "default-value-added": ({}, {"default": 1}, "said"),
    "all-of-added": ({"allOf": [A]}, {"allOf": [A, B]}, "narrower"),
    "all-of-removed": ({"allOf": [A, B]}, {"allOf": [A]}, "wider"),
    "all-of-added-annotation-only": ({"allOf": [A]}, {"allOf": [A, {"title": "t"}]}, "words"),
    "all-of-removed-annotation-only": ({"allOf": [A, {"title": "t"}]}, {"allOf": [A]}, "words"),
    "any-of-added": ({"anyOf": [A]}, {"anyOf": [A, B]}, "wider"),
    "any-of-removed": ({"anyOf": [A, B]}, {"anyOf": [A]}, "narrower"),
    "one-of-added": ({"oneOf": [A]}, {"oneOf": [A, B]}, "wider"),
    "one-of-removed": ({"oneOf": [A, B]}, {"oneOf": [A]}, "narrower"),
    "wrapped-in-one-of-original-preserved": (A, {"oneOf": [A, B]}, "wider"),
    "prefix-items-added": ({}, {"prefixItems": [{"type": "string"}]}, "narrower"),
    "prefix-items-removed": ({"prefixItems": [{"type": "string"}]}, {}, "wider"),
    "if-added": ({"then": A}, {"if": B, "then": A}, "narrower"),
    "if-removed": ({"if": B, "then": A}, {"then": A}, "wider"),
    "then-added": ({"if": B}, {"if": B, "then": A}, "narrower"),
    "then-removed": ({"if": B, "then": A}, {"if": B}, "wider"),
    "else-added": ({"if": B}, {"if": B, "else": A}, "narrower"),
    "else-removed": ({"if": B, "else": A}, {"if": B}, "wider"),
    "contains-added": ({}, CONTAINS, "narrower"),
    "contains-removed": (CONTAINS, {}, "wider"),
    "min-contains-set": (CONTAINS, CONTAINS | {"minContains": 2}, "narrower"),
    "min-contains-unset": (CONTAINS | {"minContains": 2}, CONTAINS, "wider"),
    "min-contains-increased": (
        CONTAINS | {"minContains": 2},
        CONTAINS | {"minContains": 3},
        "narrower",
    ),
    "min-contains-decreased": (
        CONTAINS | {"minContains": 3},
        CONTAINS | {"minContains": 2},
        "wider",
    ),
    "max-contains-set": (CONTAINS, CONTAINS | {"maxContains": 2}, "narrower"),
    "max-contains-unset": (CONTAINS | {"maxContains": 2}, CONTAINS, "wider"),
    "max-contains-increased": (
        CONTAINS | {"maxContains": 2},
        CONTAINS | {"maxContains": 3},
        "wider",
    ),
    "max-contains-decreased": (
        CONTAINS | {"maxContains": 3},
        CONTAINS | {"maxContains": 2},
        "narrower",
    ),
    "dependent-required-added": ({}, {"dependentRequired": {"a": ["b"]}}, "narrower"),
    "dependent-required-removed": ({"dependentRequired": {"a": ["b"]}}, {}, "wider"),
    "dependent-required-changed": (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["c"]}},
        "other",
    ),
    "dependent-schema-added": ({}, {"dependentSchemas": {"a": B}}, "narrower"),
    "dependent-schema-removed": ({"dependentSchemas": {"a": B}}, {}, "wider"),
    "pattern-property-added": ({}, {"patternProperties": {"^a": {"type": "string"}}}, "narrower"),
    "pattern-property-removed": ({"patternProperties": {"^a": {"type": "string"}}}, {}, "wider"),
    "property-names-added": ({}, {"propertyNames": {"maxLength": 5}}, "narrower"),
    "property-names-removed": ({"propertyNames": {"maxLength": 5}}, {}, "wider"),
    "unevaluated-items-added": ({}, {"unevaluatedItems": False}, "narrower"),
    "unevaluated-items-removed": ({"unevaluatedItems": False}, {}, "wider"),
    "unevaluated-properties-added": (ITEM, ITEM | {"unevaluatedProperties": False}, "closed"),
    "unevaluated-properties-removed": (ITEM | {"unevaluatedProperties": False}, ITEM, "opened"),
    "content-schema-added": ({}, {"contentSchema": {"type": "object"}}, "narrower"),
    "content-schema-removed": ({"contentSchema": {"type": "object"}}, {}, "wider"),
    "content-media-type-changed": (
        {"contentMediaType": "a/b"},
        {"contentMediaType": "a/c"},
        "other",
    ),
    "content-encoding-changed": (
        {"contentEncoding": "base64"},
        {"contentEncoding": "base32"},
        "other",
    ),
    "unique-items-set": ({}, {"uniqueItems": True}, "narrower"),
    "unique-items-unset": ({"uniqueItems": True}, {}, "wider"),
    "multiple-of-set": ({}, {"multipleOf": 2}, "narrower"),
    "multiple-of-unset": ({"multipleOf": 2}, {}, "wider"),
    "multiple-of-changed": ({"multipleOf": 2}, {"multipleOf": 3}, "other"),
    "multiple-of-generalized": ({"multipleOf": 4}, {"multipleOf": 2}, "wider"),
    "multiple-of-specialized": ({"multipleOf": 2}, {"multipleOf": 4}, "narrower"),
    "discriminator-added": (pets(), pets(propertyName="a"), "same"),
    "discriminator-removed": (pets(propertyName="a"), pets(), "same"),
    "discriminator-property-name-changed": (
        pets(propertyName="a"),
        pets(propertyName="b"),
        "other",
    ),
    "discriminator-mapping-added": (calling(cat="Cat"), calling(cat="Cat", kit="Cat"), "wider"),
    "discriminator-mapping-deleted": (
        calling(cat="Cat", kit="Cat"),
        calling(cat="Cat"),
        "narrower",
    ),
    "discriminator-mapping-changed": (
        calling(cat="Cat", dog="Dog"),
        calling(cat="Dog", dog="Cat"),
        "other",
    ),
}
for _name, (_keyword, _sign) in BOUNDS.items():
    _tight, _loose = {_keyword: 5}, {_keyword: 5 + _sign}
    _up, _down = (_tight, _loose) if _sign > 0 else (_loose, _tight)
    CHANGES[f"{_name}-set"] = ({}, _tight, "narrower")
    CHANGES[f"{_name}-unset"] = (_tight, {}, "wider")
    _spaces = ("wider", "narrower") if _sign > 0 else ("narrower", "wider")
    CHANGES[f"{_name}-increased"] = (_up, _down, _spaces[0])
    CHANGES[f"{_name}-decreased"] = (_down, _up, _spaces[1])
# The effects of a change of the set of values in a request and in a response.
EFFECTS: dict[str, tuple[set[str], set[str]]] = {
    "narrower": ({"breaking"}, {"compatible"}),
    "wider": ({"compatible"}, {"breaking"}),
    "other": ({"breaking"}, {"breaking"}),
    "both": ({"breaking", "compatible"}, {"breaking", "compatible"}),
    "same": ({"compatible"}, {"compatible"}),
    "said": ({"compatible"}, set()),
    "words": ({"silent"}, {"silent"}),
    "closed": ({"breaking"}, {"compatible"}),
    "opened": ({"compatible"}, {"compatible"}),
}


def _member(schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}}


def _answer(header: Any) -> dict[str, Any]:
    described = {"200": {"description": "ok", "headers": {"A": {"schema": header}}}}
    return document(responses=described)


def _parameter(schema: Any) -> dict[str, Any]:
    return document(parameters=[{"name": "a", "in": "query", "schema": schema}])


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "request-body": document,
    "request-property": lambda schema: document(_member(schema)),
    "request-parameter": _parameter,
    "request-parameter-property": lambda schema: _parameter(_member(schema)),
    "response-body": lambda schema: document(None, schema),
    "response-property": lambda schema: document(None, _member(schema)),
    "response-header": _answer,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", PLACES)
def test_schema_changes(place: str, change: str) -> None:
    old, new, space = CHANGES[change]
    pair = (PLACES[place](one) | {"components": {"schemas": PETS}} for one in (old, new))
    assert effects(*pair) == EFFECTS[space][place.startswith("response")]


ANSWER = {"description": "ok"}
KEY = {"type": "apiKey", "in": "header", "name": "Key"}
FLOW = {"authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {"r": "", "w": ""}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}


def member(required: bool = False, /, **words: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"} | words}}
    return made | ({"required": ["a"]} if required else {})


def answers(**statuses: Any) -> dict[str, Any]:
    return document(responses={name[1:]: ANSWER | said for name, said in statuses.items()})


def header(required: bool) -> dict[str, Any]:
    return answers(_200={"headers": {"A": {"required": required, "schema": {}}}})


def media(name: str | None, in_answer: bool = True, **said: Any) -> dict[str, Any]:
    content = {"content": {name: said} if name else {}}
    return answers(_200=content) if in_answer else document(requestBody=content)


def scheme(**words: Any) -> dict[str, Any]:
    return document() | {"components": {"securitySchemes": {"s": words}}}


def oauth(**words: Any) -> dict[str, Any]:
    return scheme(type="oauth2", flows={"authorizationCode": FLOW | words})


def on_path(**words: Any) -> dict[str, Any]:
    made = document()
    made["paths"]["/x/{id}"] |= words
    return made


EMPTY, OPEN = document() | {"paths": {}}, {"type": "object"}
HOOK = {"webhooks": {"w": document()["paths"]["/x/{id}"]}}
NEED = {"name": "a", "in": "path", "required": True, "schema": {"type": "string"}}
HEADED = {"name": "a", "in": "header"}
# By name: documents before and after, and the effects.
CHECKS: dict[str, tuple[Any, Any, set[str]]] = {
    "endpoint-added": (EMPTY, document(), {"compatible"}),
    "api-path-removed-without-deprecation": (document(), EMPTY, {"breaking"}),
    "api-path-removed-with-deprecation": (document(deprecated=True), EMPTY, {"breaking"}),
    "endpoint-deprecated": (document(), document(deprecated=True), {"silent"}),
    "endpoint-reactivated": (document(deprecated=True), document(), {"silent"}),
    "sunset-deleted": (document(**{"x-sunset": "2030-01-01"}), document(), {"silent"}),
    "api-operation-id-removed": (document(), document(operationId=None), {"compatible"}),
    "api-operation-id-added": (document(operationId=None), document(), {"compatible"}),
    "api-tag-added": (document(), document(tags=["t"]), {"silent"}),
    "api-tag-removed": (document(tags=["t"]), document(), {"silent"}),
    "api-version-not-bumped": (document({}), document(A), {"breaking"}),
    "api-schema-removed": (document() | {"components": {"schemas": PETS}}, document(), set()),
    "api-security-added": (
        document(security=[{"s": []}]),
        document(security=[{"s": []}, {"t": []}]),
        {"compatible"},
    ),
    "api-security-removed": (
        document(security=[{"s": []}, {"t": []}]),
        document(security=[{"s": []}]),
        {"breaking"},
    ),
    "api-security-scope-added": (
        document(security=[{"s": []}]),
        document(security=[{"s": ["r"]}]),
        {"breaking"},
    ),
    "api-security-scope-removed": (
        document(security=[{"s": ["r"]}]),
        document(security=[{"s": []}]),
        {"compatible"},
    ),
    "api-global-security-added": (
        document() | {"security": [{"s": []}]},
        document() | {"security": [{"s": []}, {"t": []}]},
        {"compatible"},
    ),
    "api-global-security-removed": (
        document() | {"security": [{"s": []}, {"t": []}]},
        document() | {"security": [{"s": []}]},
        {"breaking"},
    ),
    "api-global-security-scope-added": (
        document() | {"security": [{"s": []}]},
        document() | {"security": [{"s": ["r"]}]},
        {"breaking"},
    ),
    "api-global-security-scope-removed": (
        document() | {"security": [{"s": ["r"]}]},
        document() | {"security": [{"s": []}]},
        {"compatible"},
    ),
    "api-security-component-added": (document(), scheme(**KEY), {"compatible"}),
    "api-security-component-removed": (scheme(**KEY), document(), {"compatible"}),
    "api-security-component-type-changed": (
        scheme(**KEY),
        scheme(type="http", scheme="basic"),
        {"breaking"},
    ),
    "api-security-component-oauth-url-changed": (
        oauth(),
        oauth(authorizationUrl="/b"),
        {"breaking"},
    ),
    "api-security-component-oauth-token-url-changed": (oauth(), oauth(tokenUrl="/b"), {"breaking"}),
    "api-security-component-oauth-scope-added": (oauth(scopes={"r": ""}), oauth(), {"compatible"}),
    "api-security-component-oauth-scope-removed": (oauth(), oauth(scopes={"r": ""}), {"breaking"}),
    "api-security-component-oauth-scope-changed": (
        oauth(),
        oauth(scopes={"r": "read", "w": ""}),
        {"silent"},
    ),
    "webhook-added": (document(), document() | HOOK, {"compatible"}),
    "webhook-removed": (document() | HOOK, document(), {"breaking"}),
    "request-body-added-required": (
        document(),
        document(requestBody={"required": True}),
        {"breaking"},
    ),
    "request-body-added-optional": (document(), document(requestBody={}), {"compatible"}),
    "request-body-removed": (document(requestBody={}), document(), {"breaking"}),
    "request-body-became-required": (
        document(requestBody={}),
        document(requestBody={"required": True}),
        {"breaking"},
    ),
    "request-body-became-optional": (
        document(requestBody={"required": True}),
        document(requestBody={}),
        {"compatible"},
    ),
    "new-required-request-parameter": (
        document(),
        document(parameters=[LIMIT | {"required": True}]),
        {"breaking"},
    ),
    "new-optional-request-parameter": (document(), document(parameters=[LIMIT]), {"compatible"}),
    "new-required-request-default-parameter-to-existing-path": (
        document(),
        on_path(parameters=[LIMIT | {"required": True}]),
        {"breaking"},
    ),
    "new-optional-request-default-parameter-to-existing-path": (
        document(),
        on_path(parameters=[LIMIT]),
        {"compatible"},
    ),
    "new-request-path-parameter": (document(), document(parameters=[NEED]), {"breaking"}),
    "new-required-request-header-property": (
        document(parameters=[HEADED | {"schema": OPEN}]),
        document(parameters=[HEADED | {"schema": member(True)}]),
        {"breaking"},
    ),
    "request-header-property-became-required": (
        document(parameters=[HEADED | {"schema": member()}]),
        document(parameters=[HEADED | {"schema": member(True)}]),
        {"breaking"},
    ),
    "request-parameter-removed": (document(parameters=[LIMIT]), document(), {"breaking"}),
    "request-parameter-became-required": (
        document(parameters=[LIMIT]),
        document(parameters=[LIMIT | {"required": True}]),
        {"breaking"},
    ),
    "request-parameter-became-optional": (
        document(parameters=[LIMIT | {"required": True}]),
        document(parameters=[LIMIT]),
        {"compatible"},
    ),
    "request-parameter-deprecated": (
        document(parameters=[LIMIT]),
        document(parameters=[LIMIT | {"deprecated": True}]),
        {"silent"},
    ),
    "request-parameter-style-changed": (
        document(parameters=[LIMIT]),
        document(parameters=[LIMIT | {"style": "pipeDelimited"}]),
        {"breaking"},
    ),
    "request-parameter-default-value-changed": (
        _parameter({"default": 1}),
        _parameter({"default": 2}),
        {"breaking"},
    ),
    "request-parameter-default-value-removed": (
        _parameter({"default": 1}),
        _parameter({}),
        {"breaking"},
    ),
    "new-required-request-property": (document(OPEN), document(member(True)), {"breaking"}),
    "new-required-request-property-with-default": (
        document(OPEN),
        document(member(True, default="x")),
        {"compatible"},
    ),
    "request-property-became-required-with-default": (
        document(member(default="x")),
        document(member(True, default="x")),
        {"compatible"},
    ),
    "new-optional-request-property": (document(OPEN), document(member()), {"compatible"}),
    "request-property-removed": (document(member()), document(OPEN), {"breaking"}),
    "request-property-became-required": (document(member()), document(member(True)), {"breaking"}),
    "request-property-became-optional": (
        document(member(True)),
        document(member()),
        {"compatible"},
    ),
    "request-property-deprecated": (
        document(member()),
        document(member(deprecated=True)),
        {"silent"},
    ),
    "request-property-stability-decreased": (
        document(member(**{"x-stability-level": "stable"})),
        document(member(**{"x-stability-level": "beta"})),
        {"silent"},
    ),
    "request-read-only-property-enum-value-removed": (
        document(member(readOnly=True, enum=["a", "b"])),
        document(member(readOnly=True, enum=["a"])),
        set(),
    ),
    "request-read-only-property-max-length-decreased": (
        document(member(readOnly=True, maxLength=9)),
        document(member(readOnly=True, maxLength=5)),
        set(),
    ),
    "request-optional-property-became-read-only": (
        document(member()),
        document(member(readOnly=True)),
        {"breaking"},
    ),
    "request-optional-property-became-not-read-only": (
        document(member(readOnly=True)),
        document(member()),
        {"compatible"},
    ),
    "request-required-property-became-not-read-only": (
        document(member(True, readOnly=True)),
        document(member(True)),
        {"breaking"},
    ),
    "request-optional-property-became-write-only": (
        document(member()),
        document(member(writeOnly=True)),
        set(),
    ),
    "response-optional-property-became-read-only": (
        document(None, member()),
        document(None, member(readOnly=True)),
        set(),
    ),
    "response-required-property-became-write-only": (
        document(None, member(True)),
        document(None, member(True, writeOnly=True)),
        {"breaking"},
    ),
    "response-required-property-became-not-write-only": (
        document(None, member(True, writeOnly=True)),
        document(None, member(True)),
        {"compatible"},
    ),
    "response-write-only-property-enum-value-added": (
        document(None, member(writeOnly=True, enum=["a"])),
        document(None, member(writeOnly=True, enum=["a", "b"])),
        set(),
    ),
    "response-write-only-property-became-optional": (
        document(None, member(True, writeOnly=True)),
        document(None, member(writeOnly=True)),
        set(),
    ),
    "response-required-property-removed": (
        document(None, member(True)),
        document(None, OPEN),
        {"breaking"},
    ),
    "response-required-property-added": (
        document(None, OPEN),
        document(None, member(True)),
        {"compatible"},
    ),
    "response-optional-property-removed": (
        document(None, member()),
        document(None, OPEN),
        {"compatible"},
    ),
    "response-optional-property-added": (
        document(None, OPEN),
        document(None, member()),
        {"compatible"},
    ),
    "response-required-write-only-property-removed": (
        document(None, member(True, writeOnly=True)),
        document(None, OPEN),
        set(),
    ),
    "response-property-became-optional": (
        document(None, member(True)),
        document(None, member()),
        {"breaking"},
    ),
    "response-property-became-required": (
        document(None, member()),
        document(None, member(True)),
        {"compatible"},
    ),
    "response-header-became-optional": (header(True), header(False), {"breaking"}),
    "required-response-header-removed": (header(True), answers(_200={}), {"breaking"}),
    "optional-response-header-removed": (header(False), answers(_200={}), {"compatible"}),
    "response-header-added": (answers(_200={}), header(False), {"compatible"}),
    "response-success-status-removed": (
        answers(_200={}, _201={}),
        answers(_200={}),
        {"breaking"},
    ),
    "response-success-status-added": (answers(_200={}), answers(_200={}, _201={}), {"breaking"}),
    "response-non-success-status-removed": (
        answers(_200={}, _404={}),
        answers(_200={}),
        {"compatible"},
    ),
    "response-non-success-status-added": (
        answers(_200={}),
        answers(_200={}, _404={}),
        {"compatible"},
    ),
    "response-media-type-removed": (media("a/b"), media(None), {"breaking"}),
    "response-media-type-added": (media(None), media("a/b"), {"compatible"}),
    "response-media-type-name-changed": (media("a/b"), media("a/b; v=1"), {"compatible"}),
    "response-media-type-name-generalized": (media("a/b"), media("a/*"), {"compatible"}),
    "response-media-type-name-specialized": (media("a/*"), media("a/b"), {"compatible"}),
    "request-body-media-type-added": (
        media(None, in_answer=False),
        media("a/b", in_answer=False),
        {"compatible"},
    ),
    "request-body-media-type-removed": (
        media("a/b", in_answer=False),
        media(None, in_answer=False),
        {"breaking"},
    ),
    "request-body-media-type-schema-added": (
        media("a/json", in_answer=False),
        media("a/json", in_answer=False, schema=A),
        {"breaking"},
    ),
    "response-body-media-type-schema-removed": (
        media("a/json", schema=A),
        media("a/json"),
        {"breaking"},
    ),
    "request-body-media-type-item-schema-added": (
        media("a/json", in_answer=False),
        media("a/json", in_answer=False, itemSchema=A),
        {"breaking"},
    ),
    "response-body-media-type-item-schema-removed": (
        media("a/json", itemSchema=A),
        media("a/json"),
        {"breaking"},
    ),
}


@pytest.mark.parametrize("name", CHECKS)
def test_operation_changes(name: str) -> None:
    old, new, expected = CHECKS[name]
    assert effects(old, new) == expected
