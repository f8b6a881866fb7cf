"""Converts Swagger 2.0 documents to OpenAPI 3.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.openapi.operations import METHODS
from lockstep.openapi.shapes import followed
from lockstep.openapi.walking import BUNDLED_SCHEMAS, Kind, kind_below

_ANY = "application/json"
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# Keywords of parameters and headers that belong to their `schema` since 3.0.
_OF_SCHEMA = frozenset(
    {"type", "format", "items", "default", "enum", "pattern", "uniqueItems", "multipleOf"}
    | {"maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "x-nullable", "x-generated"}
    | {"maxLength", "minLength", "maxItems", "minItems"}
)
_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited"}
_FLOWS = {"application": "clientCredentials", "accessCode": "authorizationCode"}


def converted(raw: Any) -> Any:
    """Convert a document of 2.0 to 3.0; return any other unchanged. References are internal."""
    if not isinstance(raw, dict) or str(raw.get("swagger", "")).partition(".")[0] != "2":
        return raw
    return _Converter(raw).run()


class _Converter:
    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw

    def run(self) -> dict[str, Any]:
        raw = self._raw
        paths = raw.get("paths") or {}
        schemas = _mapping(raw.get("definitions"))
        parts = _mapping(_mapping(raw.get("components")).get(BUNDLED_SCHEMAS))
        schemes = _mapping(raw.get("securityDefinitions"))
        converted: dict[str, Any] = {
            "openapi": "3.0.3",
            "info": raw.get("info", {}),
            "servers": list(self._servers()),
            "paths": {path: self._item(item) for path, item in paths.items()}
            if isinstance(paths, Mapping)
            else paths,
            "components": {
                "schemas": _schema(schemas, Kind.NAMED_SCHEMAS),
                BUNDLED_SCHEMAS: _schema(parts, Kind.NAMED_SCHEMAS),
                "securitySchemes": {name: _scheme(each) for name, each in schemes.items()},
            },
        }
        kept = {"security", "tags", "externalDocs"}
        more = {key: raw[key] for key in raw if key in kept or key.startswith("x-")}
        return {**converted, **more}

    def _servers(self) -> Iterator[dict[str, Any]]:
        base = str(self._raw.get("basePath") or "/")
        host = self._raw.get("host")
        if host:
            for scheme in self._raw.get("schemes") or ["https"]:
                yield {"url": f"{scheme}://{host}{base}"}
        else:
            yield {"url": base}

    def _item(self, item: Any) -> Any:
        item = self._plain(item)
        if not isinstance(item, Mapping):
            return item
        shared = [self._plain(each) for each in _listed(item.get("parameters"))]
        return {
            key: self._operation(value, shared) if key.lower() in METHODS else value
            for key, value in item.items()
            if key != "parameters"
        }

    def _operation(self, operation: Any, shared: list[Any]) -> Any:
        operation = self._plain(operation)
        if not isinstance(operation, Mapping):
            return operation
        given = [self._plain(each) for each in _listed(operation.get("parameters"))]
        named = {(each.get("in"), each.get("name")): each for each in given if _is_object(each)}
        parameters = [
            *(e for e in shared if not _is_object(e) or (e.get("in"), e.get("name")) not in named),
            *given,
        ]
        takes = _listed(operation.get("consumes", self._raw.get("consumes")))
        gives = _listed(operation.get("produces", self._raw.get("produces"))) or [_ANY]
        changed = {key: operation[key] for key in operation if key not in ("consumes", "produces")}
        changed["parameters"] = [
            _parameter(each) if _is_object(each) else each
            for each in parameters
            if not _is_object(each) or each.get("in") not in ("body", "formData")
        ]
        body = self._body([each for each in parameters if _is_object(each)], takes)
        if body is not None:
            changed["requestBody"] = body
        responses = operation.get("responses")
        if isinstance(responses, Mapping):
            changed["responses"] = {
                status: self._response(each, gives) for status, each in responses.items()
            }
        return changed

    def _body(self, parameters: list[Any], takes: list[str]) -> dict[str, Any] | None:
        bodies = [each for each in parameters if each.get("in") == "body"]
        fields = [each for each in parameters if each.get("in") == "formData"]
        if bodies:
            media = {"schema": _schema(bodies[0].get("schema", {}), Kind.SCHEMA)}
            is_required = bool(bodies[0].get("required"))
            return {"required": is_required, "content": dict.fromkeys(takes or [_ANY], media)}
        if not fields:
            return None
        has_files = any(each.get("type") == "file" for each in fields)
        forms = [name for name in takes if name in (_FORM, _MULTIPART)]
        if has_files or not forms:
            forms = [_MULTIPART if has_files else _FORM]
        required = [each["name"] for each in fields if each.get("required") and "name" in each]
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {e["name"]: _values_of(e) for e in fields if "name" in e},
        }
        if required:
            schema["required"] = required
        content = {name: {"schema": schema} for name in forms}
        return {"required": bool(required), "content": content}

    def _response(self, response: Any, gives: list[str]) -> Any:
        response = self._plain(response)
        if not _is_object(response):
            return response
        changed = {
            key: response[key] for key in response if key not in ("schema", "examples", "headers")
        }
        if "schema" in response:
            media = {"schema": _schema(response["schema"], Kind.SCHEMA)}
            changed["content"] = dict.fromkeys(gives, media)
        headers = _mapping(response.get("headers"))
        if headers:
            changed["headers"] = {
                name: {"schema": _values_of(each)} if _is_object(each) else each
                for name, each in headers.items()
            }
        return changed

    def _plain(self, node: Any) -> Any:
        try:
            return followed(self._raw, node)
        except (ValueError, RecursionError):
            # It is reported where the operations are read.
            return node


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    dropped = _OF_SCHEMA | {"collectionFormat"}
    changed = {key: parameter[key] for key in parameter if key not in dropped}
    changed["schema"] = _values_of(parameter)
    if parameter.get("type") == "array":
        separator = parameter.get("collectionFormat", "csv")
        if separator == "multi":
            changed |= {"style": "form", "explode": True}
        elif parameter.get("in") == "query":
            changed |= {"style": _STYLES.get(separator, "form"), "explode": False}
    return changed


def _values_of(node: Mapping[str, Any]) -> Any:
    own = {key: node[key] for key in node if key in _OF_SCHEMA}
    if "description" in node and "in" not in node:
        own["description"] = node["description"]
    return _schema(own, Kind.SCHEMA)


def _schema(node: Any, kind: Kind) -> Any:
    """Return a schema with the keywords and the component references of 3.0."""
    if kind is Kind.DATA:
        return node
    if isinstance(node, list):
        return [_schema(each, kind) for each in node]
    if not isinstance(node, Mapping):
        return node
    changed = {key: _schema(value, kind_below(kind, key, value)) for key, value in node.items()}
    if kind is not Kind.SCHEMA:
        return changed
    reference = changed.get("$ref")
    if isinstance(reference, str):
        changed["$ref"] = reference.replace("#/definitions/", "#/components/schemas/", 1)
    if changed.get("type") == "file":
        changed |= {"type": "string", "format": "binary"}
    if changed.get("x-nullable") is True:
        changed["nullable"] = True
    if isinstance(changed.get("discriminator"), str):
        changed["discriminator"] = {"propertyName": changed["discriminator"]}
    return {key: value for key, value in changed.items() if key != "collectionFormat"}


def _scheme(scheme: Any) -> Any:
    if not _is_object(scheme):
        return scheme
    match scheme.get("type"):
        case "basic":
            return {"type": "http", "scheme": "basic"}
        case "oauth2":
            flow = str(scheme.get("flow", ""))
            kept = ("authorizationUrl", "tokenUrl", "scopes")
            settings = {"scopes": {}, **{key: scheme[key] for key in kept if key in scheme}}
            return {"type": "oauth2", "flows": {_FLOWS.get(flow, flow): settings}}
    return dict(scheme)


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _is_object(node: Any) -> bool:
    return isinstance(node, Mapping)


def _listed(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []
