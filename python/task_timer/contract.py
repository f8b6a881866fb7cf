"""The contract, openapi.yaml, as the program reads it: routes, rules, texts and headers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .operations import Operation, OperationReader
from .utils.uri import decode


class ContractError(Exception):
    """The contract cannot be read, or the handlers do not match it."""


@dataclass
class PathItem:
    """A path and its operations by method. `allow` is the value of the header Allow."""

    operations: dict[str, Operation]
    allow: str


@dataclass
class _Segment:
    fixed: dict[str, "_Segment"] = field(default_factory=dict)
    open: "_Segment | None" = None
    name: str = ""
    item: PathItem | None = None

    def child(self, text: str) -> "_Segment":
        if not text.startswith("{"):
            return self.fixed.setdefault(text, _Segment())
        if self.open is None:
            self.open = _Segment(name=text[1:-1])
        return self.open


class Contract:
    """The document, and its operations by path and by id."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.document: dict[str, Any] = yaml.load(source, Loader=yaml.CSafeLoader)
        self.operations: dict[str, Operation] = {}
        self.reader = OperationReader(self.document)
        self._root = _Segment()
        for path, item in self.document["paths"].items():
            self._add(path, item)

    def __getitem__(self, section: str) -> Any:
        return self.document[section]

    def find(self, path: str) -> tuple[PathItem, dict[str, str]] | None:
        """Finds the item of an encoded path, and what stands for its parameters.

        Raises UriError where the path cannot be decoded.
        """
        at = self._root
        values: dict[str, str] = {}
        for text in [decode(segment) for segment in path.split("/")[1:]]:
            if text in at.fixed:
                at = at.fixed[text]
            elif at.open and text:
                at = at.open
                values[at.name] = text
            else:
                return None
        return (at.item, values) if at.item else None

    def path_of(self, operation_id: str, **values: str) -> str:
        """Gives the path of an operation with its parameters filled in."""
        return self.operations[operation_id].path.format_map(values)

    def bind(self, handlers: Iterable[Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
        """Gives each operation the handler of its name. Raises ContractError naming odd ones."""
        bound = {camel_case(handler.__name__): handler for handler in handlers}
        faults = [f"operation {name} has no handler" for name in self.operations.keys() - bound]
        faults += [f"handler {name} has no operation" for name in bound.keys() - self.operations]
        if faults:
            raise ContractError("; ".join(sorted(faults)))
        return bound

    def _add(self, path: str, item: dict[str, Any]) -> None:
        methods = [method.lower() for method in self["x-methods"] if method.lower() in item]
        operations = [self.reader.read(method, path, item) for method in methods]
        allowed = {operation.method for operation in operations} | {"OPTIONS"}
        if "GET" in allowed:
            allowed.add("HEAD")
        at = self._root
        for text in path.split("/")[1:]:
            at = at.child(text)
        at.item = PathItem(
            operations={operation.method: operation for operation in operations},
            allow=", ".join(method for method in self["x-methods"] if method in allowed),
        )
        self.operations.update({operation.id: operation for operation in operations})


def load_contract(path: Path) -> Contract:
    """Reads and compiles the contract. Raises ContractError naming the file."""
    try:
        return Contract(path.read_bytes())
    except (OSError, yaml.YAMLError, KeyError) as error:
        raise ContractError(f"{path}: {error!r}") from error


def camel_case(name: str) -> str:
    """Turns create_task into createTask."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
