"""Extracts the order of arguments and middleware from the sources of both twins."""

import ast
import re
from collections.abc import Iterator

from testbed.sources import snake_case

_TS_FUNCTION = re.compile(
    r"^export (?:(?:async )?function\*? (?P<name>\w+)[^(]*"
    r"|const (?P<constant>\w+) = (?:async )?)\(",
    re.MULTILINE,
)
_TS_CLASS = re.compile(
    r"^export (?:abstract )?class (?P<name>\w+)(?P<body>.*?)^\}", re.DOTALL | re.MULTILINE
)
# Methods are indented by two spaces, statements deeper. Private methods are ignored.
_TS_METHOD = re.compile(
    r"^  (?:(?:public|static|override|async|readonly) )*\*?(?P<name>[a-z]\w*)"
    r"(?:<[^(\n]*>| = (?:async )?)?\(",
    re.MULTILINE,
)
_TS_ARGUMENT = re.compile(
    r"\s*(?:(?:public|private|protected|readonly|override) )*(?:\.\.\.)?(?P<name>\w+)"
)
_TS_IMPORT = re.compile(
    r"^import (?!type)(?P<names>[^;]+?) from \"(?P<path>[^\"]+)\"", re.MULTILINE
)
_OPENING, _CLOSING = "([{<", ")]}>"
_MIDDLEWARE = "middleware"


def python_arguments(source: str) -> dict[str, list[str]]:
    """Return the arguments of public functions, of constructors (`Class`) and `Class.method`."""
    found: dict[str, list[str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = _arguments_of(node)
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    made = method.name == "__init__"
                    name = node.name if made else f"{node.name}.{method.name}"
                    found[name] = [each for each in _arguments_of(method) if each != "self"]
    return {name: each for name, each in found.items() if not _is_private(name)}


def typescript_arguments(source: str) -> dict[str, list[str]]:
    """Return the same for a TypeScript module, with names in snake case."""
    found = {
        snake_case(match["name"] or match["constant"]): _named(source, match.end())
        for match in _TS_FUNCTION.finditer(source)
    }
    for each in _TS_CLASS.finditer(source):
        for method in _TS_METHOD.finditer(each["body"]):
            made = method["name"] == "constructor"
            name = each["name"] if made else f"{each['name']}.{snake_case(method['name'])}"
            found[name] = _named(each["body"], method.end())
    return found


def python_middleware(source: str, function: str) -> list[str]:
    """Return the middleware modules that a function combines, in the order of its result."""
    tree = ast.parse(source)
    modules = _imported(tree)
    (found,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function
    )
    local: dict[str, ast.expr] = {}

    def mentioned(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in local:
                yield from mentioned(local[node.id])
            elif node.id in modules:
                yield modules[node.id]
        for child in ast.iter_child_nodes(node):
            yield from mentioned(child)

    order: list[str] = []
    for statement in found.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            local[statement.targets[0].id] = statement.value
        else:
            order += mentioned(statement)
    return list(dict.fromkeys(order))


def typescript_middleware(source: str, function: str) -> list[str]:
    """Return the same for a TypeScript module, with names in snake case."""
    modules: dict[str, str] = {}
    for each in _TS_IMPORT.finditer(source):
        path = each["path"].split("/")
        if _MIDDLEWARE in path:
            stem = snake_case(path[-1].removesuffix(".js"))
            modules |= dict.fromkeys(re.findall(r"(?!as\b)\b[A-Za-z]\w*", each["names"]), stem)
    begin = source.index(f"function {function}(")
    body = source[begin : source.index("\n}", begin)]
    names = re.findall(r"(?<![.\w])[A-Za-z]\w*", body)
    return list(dict.fromkeys(modules[name] for name in names if name in modules))


def _arguments_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return [each.arg.lstrip("_") for each in every]


def _is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the middleware modules by imported name."""
    modules: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            path = node.module.split(".")
            if path[-1] == _MIDDLEWARE:
                modules |= {each.asname or each.name: each.name for each in node.names}
            elif _MIDDLEWARE in path:
                modules |= {each.asname or each.name: path[-1] for each in node.names}
    return modules


def _named(source: str, begin: int) -> list[str]:
    """Return the names in the parameter list that starts at `begin`; of a pattern, its members."""
    names = []
    for text in _parameters(source, begin):
        if text.lstrip().startswith("{"):
            names += re.findall(r"(\w+)(?:\s*=[^,}]*)?(?=\s*[,}])", text[: text.index("}") + 1])
        elif found := _TS_ARGUMENT.match(text):
            names.append(found["name"])
    return [snake_case(name.lstrip("_")) for name in names]


def _parameters(source: str, begin: int) -> Iterator[str]:
    """Yield the texts between top-level commas, up to the closing parenthesis."""
    depth, start = 0, begin
    for at in range(begin, len(source)):
        character = source[at]
        if character == ">" and source[at - 1] == "=":
            continue
        if depth == 0 and character in ",)":
            if source[start:at].strip():
                yield source[start:at]
            start = at + 1
            if character == ")":
                return
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
