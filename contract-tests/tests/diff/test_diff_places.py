"""Changes of servers, security schemes and the serialization of parameters."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures.diffs import document, effects

from lockstep.diff import compare
from lockstep.openapi.shapes import resolve

TAG: dict[str, Any] = {"name": "tag", "in": "query", "schema": {"type": "array"}}
TAGS: dict[str, Any] = TAG | {"schema": {"type": "array", "items": {"type": "string"}}}
ONE_TAG: dict[str, Any] = {"name": "tag", "in": "query", "schema": {"type": "string"}}
V1 = {"url": "https://a.example/v1"}
V2 = {"url": "https://a.example/v2"}
SERVERS: dict[str, tuple[Any, Any, set[str]]] = {
    "in another order": ([V1, V2], [V2, V1], set()),
    "a variable with the same default": (
        [V1],
        [{"url": "https://a.example/{v}", "variables": {"v": {"default": "v1"}}}],
        set(),
    ),
    "a variable for the host": (
        [V1],
        [{"url": "https://{h}/v1", "variables": {"h": {"default": "a.example"}}}],
        set(),
    ),
    "a variable with more values": (
        [V1],
        [{"url": "https://a.example/{v}", "variables": {"v": {"enum": ["v1", "v2"]}}}],
        {"compatible"},
    ),
    "a value less": (
        [{"url": "/{v}", "variables": {"v": {"enum": ["v1", "v2"], "default": "v2"}}}],
        [{"url": "/{v}", "variables": {"v": {"enum": ["v2"], "default": "v2"}}}],
        {"breaking"},
    ),
    "another default": (
        [{"url": "/{v}", "variables": {"v": {"default": "v1"}}}],
        [{"url": "/{v}", "variables": {"v": {"default": "v2"}}}],
        {"breaking"},
    ),
    "one more": ([V1], [V1, V2], {"compatible"}),
    "one less": ([V1, V2], [V2], {"breaking"}),
    "case and a slash behind": ([V1], [{"url": "HTTPS://A.example/v1/"}], set()),
    "the default written out": ([], [{"url": "/"}], set()),
    "another host": ([V1], [{"url": "https://b.example/v1"}], {"silent"}),
    "words": ([V1], [V1 | {"description": "the one"}], {"silent"}),
}


@pytest.mark.parametrize("name", SERVERS)
def test_effect_of_server_changes_in_the_document(name: str) -> None:
    old, new, expected = SERVERS[name]
    assert effects(document() | {"servers": old}, document() | {"servers": new}) == expected


@pytest.mark.parametrize("name", SERVERS)
def test_effect_of_server_changes_in_an_operation(name: str) -> None:
    old, new, expected = SERVERS[name]
    assert effects(document(servers=old), document(servers=new)) == expected


def test_operation_may_repeat_the_servers_of_the_document() -> None:
    old = document() | {"servers": [V1]}
    new = document(servers=[V1]) | {"servers": [V1]}
    assert effects(old, new) == set()


def test_base_path_may_move_into_the_paths() -> None:
    old, new = document() | {"servers": [V1]}, document() | {"servers": [{"url": "/"}]}
    new["paths"] = {"/v1/x/{id}": new["paths"]["/x/{id}"]}
    assert effects(old, new) == set()
    assert effects(new, old) == set()


# The parameter before and after, and the effects.
PARAMETERS: dict[str, tuple[Any, Any, set[str]]] = {
    "form": (TAG, TAG | {"style": "form"}, set()),
    "exploded form": (TAG, TAG | {"style": "form", "explode": True}, set()),
    "form that is not exploded": (TAG, TAG | {"explode": False}, {"breaking"}),
    "delimited": (
        TAG | {"style": "pipeDelimited"},
        TAG | {"style": "pipeDelimited", "explode": False},
        set(),
    ),
    "all that is false": (
        TAG,
        TAG
        | {
            "required": False,
            "deprecated": False,
            "allowReserved": False,
            "allowEmptyValue": False,
        },
        set(),
    ),
    "reserved characters": (TAG, TAG | {"allowReserved": True}, {"compatible"}),
    "no reserved characters": (TAG | {"allowReserved": True}, TAG, {"breaking"}),
    "explode of a single value": (ONE_TAG, ONE_TAG | {"explode": False}, set()),
    "explode of a deep object": (
        TAG | {"style": "deepObject"},
        TAG | {"style": "deepObject", "explode": True},
        set(),
    ),
    "no empty value": (TAG | {"allowEmptyValue": True}, TAG, {"breaking"}),
    "an empty value": (TAG, TAG | {"allowEmptyValue": True}, {"compatible"}),
    "simple header": (
        TAG | {"in": "header"},
        TAG | {"in": "header", "style": "simple", "explode": False},
        set(),
    ),
    "exploded header": (
        TAG | {"in": "header"},
        TAG | {"in": "header", "explode": True},
        {"breaking"},
    ),
    "form cookie": (TAG | {"in": "cookie"}, TAG | {"in": "cookie", "explode": True}, set()),
    "deep object": (TAG, TAG | {"style": "deepObject"}, {"breaking"}),
    "a number where any text may stand": (
        ONE_TAG | {"schema": {"type": "integer"}},
        ONE_TAG,
        {"compatible"},
    ),
    "only numbers where any text stood": (
        ONE_TAG,
        ONE_TAG | {"schema": {"type": ["integer", "boolean"]}},
        {"breaking"},
    ),
    "a number where some texts may stand": (
        ONE_TAG | {"schema": {"type": "integer"}},
        ONE_TAG | {"schema": {"type": "string", "maxLength": 2}},
        {"breaking"},
    ),
    "a text that may be repeated": (ONE_TAG, TAGS, {"compatible"}),
    "a text, then several with commas": (ONE_TAG, TAGS | {"explode": False}, {"breaking"}),
    "a text, then two at least": (
        ONE_TAG,
        TAG | {"schema": {"type": "array", "minItems": 2, "items": {"type": "string"}}},
        {"breaking"},
    ),
    "a text, then numbers": (
        ONE_TAG,
        TAG | {"schema": {"type": "array", "items": {"type": "integer"}}},
        {"breaking", "compatible"},
    ),
    "no longer repeated": (TAGS, ONE_TAG, {"breaking", "compatible"}),
    "JSON": (
        TAG,
        {"name": "tag", "in": "query", "content": {"application/json": {"schema": {}}}},
        {"breaking", "compatible"},
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_explicit_parameter_defaults_are_no_change(name: str) -> None:
    old, new, expected = PARAMETERS[name]
    assert effects(document(parameters=[old]), document(parameters=[new])) == expected


PAGE = [
    {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}},
    {"name": "size", "in": "query", "schema": {"type": "integer"}},
]
MEMBERS: dict[str, Any] = {"page": {"type": "integer"}, "size": {"type": "integer"}}


def exploded(members: dict[str, Any], **words: Any) -> list[dict[str, Any]]:
    """An exploded object parameter, serialized as one query parameter per property."""
    schema = {"type": "object", "required": ["page"], "properties": members}
    return [{"name": "paging", "in": "query", "required": True, "schema": schema} | words]


# The parameters before and after, the effects, and the effects of the reverse change.
EXPLODED: dict[str, tuple[Any, Any, set[str], set[str]]] = {
    "the same": (PAGE, exploded(MEMBERS), set(), set()),
    "a member less": (PAGE, exploded({"page": {"type": "integer"}}), {"breaking"}, {"compatible"}),
    "narrower": (
        PAGE,
        exploded({**MEMBERS, "size": {"type": "integer", "maximum": 9}}),
        {"breaking"},
        {"compatible"},
    ),
    "not exploded": (
        PAGE,
        exploded(MEMBERS, explode=False),
        {"breaking"},
        {"breaking", "compatible"},
    ),
}


@pytest.mark.parametrize("name", EXPLODED)
def test_properties_of_an_exploded_object_are_compared_as_parameters(name: str) -> None:
    old, new, expected, back = EXPLODED[name]
    documents = document(parameters=old), document(parameters=new)
    assert effects(*documents) == expected
    assert effects(*reversed(documents)) == back
    for change in compare(*documents):
        where = documents["removed" not in change.sentence]
        assert resolve(where, f"#{change.pointer}") is not None


def test_explicit_path_parameter_defaults_are_no_change() -> None:
    named = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    old = document(parameters=[named])
    new = document(parameters=[named | {"style": "simple", "explode": False}])
    assert effects(old, new) == set()
    assert effects(old, document(parameters=[named | {"style": "label"}])) == {"breaking"}


def test_explicit_header_defaults_are_no_change() -> None:
    def answer(**header: Any) -> dict[str, Any]:
        described = {"X-Rate": {"schema": {"type": "integer"}} | header}
        return document(responses={"200": {"description": "ok", "headers": described}})

    assert effects(answer(), answer(style="simple", explode=False, required=False)) == set()
    assert effects(answer(), answer(explode=True)) == set()
    several = {"schema": {"type": "array"}}
    assert effects(answer(**several), answer(**several, explode=True)) == {"breaking"}


KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
BEARER = {"type": "http", "scheme": "bearer"}


def oauth(**flow: Any) -> dict[str, Any]:
    described = {"tokenUrl": "/token", "scopes": {"read": "", "write": ""}} | flow
    return {"type": "oauth2", "flows": {"clientCredentials": described}}


TWO = {"type": "oauth2", "flows": {"clientCredentials": {}, "password": {}}}
ONE = {"type": "oauth2", "flows": {"clientCredentials": {}}}
SCHEMES: dict[str, tuple[Any, Any, set[str]]] = {
    "case of a header": (KEY, KEY | {"name": "x-key"}, set()),
    "case of a query": (
        KEY | {"in": "query"},
        KEY | {"in": "query", "name": "x-key"},
        {"breaking"},
    ),
    "case of a scheme": (BEARER, BEARER | {"scheme": "Bearer"}, set()),
    "another scheme": (BEARER, BEARER | {"scheme": "basic"}, {"breaking"}),
    "format of a token": (BEARER, BEARER | {"bearerFormat": "JWT"}, {"silent"}),
    "another type": (KEY, BEARER, {"breaking"}),
    "flow gone": (TWO, ONE, {"breaking"}),
    "flow new": (ONE, TWO, {"compatible"}),
    "scope gone": (oauth(), oauth(scopes={"read": ""}), {"breaking"}),
    "scope new": (oauth(scopes={"read": ""}), oauth(), {"compatible"}),
    "words about a scope": (oauth(), oauth(scopes={"read": "all", "write": ""}), {"silent"}),
    "place of tokens": (oauth(), oauth(tokenUrl="/other"), {"breaking"}),
    "tokens refreshed where they are got": (oauth(), oauth(refreshUrl="/token"), set()),
    "no place for refreshing": (oauth(refreshUrl="/refresh"), oauth(), {"breaking"}),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_effect_of_security_scheme_changes(name: str) -> None:
    old, new, expected = SCHEMES[name]
    documents = (
        document(security=[{"s": []}]) | {"components": {"securitySchemes": {"s": scheme}}}
        for scheme in (old, new)
    )
    assert effects(*documents) == expected


def test_renamed_security_scheme_is_no_change() -> None:
    old = document(security=[{"key": []}]) | {"components": {"securitySchemes": {"key": KEY}}}
    new = document(security=[{"k": []}]) | {"components": {"securitySchemes": {"k": KEY}}}
    assert effects(old, new) == set()
    new["components"] = {"securitySchemes": {"k": BEARER}}
    assert "breaking" in effects(old, new)


def test_added_and_removed_security_schemes() -> None:
    none, one = document(), document() | {"components": {"securitySchemes": {"key": KEY}}}
    assert [change.rule for change in compare(none, one)] == ["scheme-new"]
    assert [change.rule for change in compare(one, none)] == ["scheme-gone"]


def test_malformed_security_scheme_is_ignored() -> None:
    odd = document() | {"components": {"securitySchemes": {"odd": 5, "none": None, "key": KEY}}}
    well = document() | {"components": {"securitySchemes": {"key": KEY}}}
    assert compare(odd, odd) == []
    assert compare(odd, well) == []


def test_security_of_the_document_applies_to_its_operations() -> None:
    assert effects(document(), document() | {"security": [{"key": []}]}) == {"breaking"}
    assert effects(document(security=[]), document() | {"security": [{"key": []}]}) == {"breaking"}
    also = document() | {"security": [{"key": []}, {}]}
    assert effects(document(), also) == {"compatible"}
