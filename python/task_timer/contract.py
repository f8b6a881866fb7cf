"""The contract, openapi.yaml: routes, rules, texts and headers."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from .operations import OperationReader


class ContractError(Exception):
    """The contract cannot be read, or the handlers do not match it."""


class Contract:
    """The document, and its operations by operationId."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.document: dict[str, Any] = yaml.load(source, Loader=yaml.CSafeLoader)
        self.reader = OperationReader(self.document)
        operations = [
            self.reader.read(method, path, item)
            for path, item in self.document["paths"].items()
            for method in self._methods_of(item)
        ]
        self.operations = {operation.id: operation for operation in operations}

    def __getitem__(self, section: str) -> Any:
        return self.document[section]

    def allow(self, path: str) -> str:
        """Returns the value of the Allow header for a path of the contract."""
        methods = [*self._methods_of(self["paths"][path]), "options"]
        allowed = {*methods, "head"} if "get" in methods else set(methods)
        return ", ".join(method for method in self["x-methods"] if method.lower() in allowed)

    def path_of(self, operation_id: str, **values: str) -> str:
        """Returns the path of an operation with its parameters filled in."""
        return self.operations[operation_id].path.format_map(values)

    def bind(self, handlers: Iterable[Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
        """Binds each operation to its handler. Raises ContractError listing mismatches."""
        bound = {camel_case(handler.__name__): handler for handler in handlers}
        faults = [f"operation {name} has no handler" for name in self.operations.keys() - bound]
        faults += [f"handler {name} has no operation" for name in bound.keys() - self.operations]
        if faults:
            raise ContractError("; ".join(sorted(faults)))
        return bound

    def _methods_of(self, item: dict[str, Any]) -> list[str]:
        methods = [method.lower() for method in self["x-methods"]]
        return [method for method in methods if method in item]


def load_contract(path: Path) -> Contract:
    """Reads and compiles the contract. Raises ContractError naming the file."""
    try:
        return Contract(path.read_bytes())
    except (OSError, yaml.YAMLError, AttributeError, LookupError, TypeError) as error:
        raise ContractError(f"{path}: {error!r}") from error


def camel_case(name: str) -> str:
    """Turns create_task into createTask."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
