"""The operators for Python: located with `ast`, applied to the text, so that the layout is kept."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from suite.automatic.changes import Change, numbered

_ARITHMETIC: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, Mapping[str, str]]] = {
    ast.Lt: ("<", {"boundary": "<=", "comparison": ">="}),
    ast.LtE: ("<=", {"boundary": "<", "comparison": ">"}),
    ast.Gt: (">", {"boundary": ">=", "comparison": "<="}),
    ast.GtE: (">=", {"boundary": ">", "comparison": "<"}),
    ast.Eq: ("==", {"comparison": "!="}),
    ast.NotEq: ("!=", {"comparison": "=="}),
    ast.Is: ("is", {"comparison": "is not"}),
    ast.IsNot: ("is not", {"comparison": "is"}),
    ast.In: ("in", {"comparison": "not in"}),
    ast.NotIn: ("not in", {"comparison": "in"}),
}
# Calls that can be removed and leave a value of the same type.
_METHODS = {
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "casefold",
    "with_for_update",
    "distinct",
}
_FUNCTIONS = {
    "sorted",
    "reversed",
    "abs",
    "round",
    "int",
    "set",
    "dict",
    "list",
    "tuple",
    "unquote",
}
# Only type checkers read these.
_OF_TYPES = {"TypeVar", "ParamSpec", "NewType", "cast"}
_TYPES_ALONE = {"Protocol", "TypedDict"}


def changes_of(file: str, text: str) -> list[Change]:
    """Return all changes of a module, in order of position."""
    finder = _Finder(file, text)
    finder.visit(ast.parse(text))
    return list(numbered(sorted(finder.changes, key=lambda each: (each.start, -each.end))))


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, text: str) -> None:
        self.changes: list[Change] = []
        self._file = file
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._scope: list[str] = []

    # Scopes, and annotations.

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        names = {getattr(base, "id", "") for base in node.bases}
        if not names & _TYPES_ALONE:
            self._within(node.name, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._scope.append(node.name)
        places = [each.lineno for each in node.decorator_list[1:]] + [node.lineno]
        for decorator, line in zip(node.decorator_list, places, strict=False):
            # The node of a decorator starts after the `@`.
            start = self._text.rindex("@", 0, self._start(decorator))
            indentation = len(self._lines[line - 1]) - len(self._lines[line - 1].lstrip())
            self._add("call", decorator, "", start, self._starts[line - 1] + indentation)
        self._scope.pop()
        defaults = [each for each in node.args.kw_defaults if each is not None]
        self._within(node.name, [*node.args.defaults, *defaults, *node.body])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._returned(node.body)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if getattr(node.value, "id", "") != "Literal":
            self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "__name__ == '__main__'"):
            self._condition(node.test, "True", "False")
            self.generic_visit(node)

    # Conditions.

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test, "True", "False")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node.test, "False")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._condition(test, "True", "False")
        self.generic_visit(node)

    def _condition(self, test: ast.expr, *values: str) -> None:
        if not isinstance(test, ast.Constant):
            for value in values:
                self._add("condition", test, value)

    # Operators.

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _ARITHMETIC:
            written, other = _ARITHMETIC[type(node.op)]
            self._swap("arithmetic", node, (node.left, node.right), written, other)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for pair, operator in zip(pairwise(operands), node.ops, strict=True):
            written, others = _COMPARISONS[type(operator)]
            for name, other in others.items():
                self._swap(name, node, pair, written, other)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        written, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for pair in pairwise(node.values):
            self._swap("boolean", node, pair, written, other)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add("negation", node, self._written(node)[len("not") :].lstrip())
        self.generic_visit(node)

    def _swap(
        self,
        operator: str,
        node: ast.expr,
        pair: tuple[ast.expr, ast.expr],
        written: str,
        other: str,
    ) -> None:
        left, right = pair
        gap = self._text[self._end(left) : self._start(right)]
        word = r"\b" if written[0].isalpha() else ""
        found = re.search(word + re.escape(written).replace(r"\ ", r"\s+") + word, gap)
        assert found is not None
        at = self._end(left) - self._start(node)
        text = self._written(node)
        self._add(operator, node, text[: at + found.start()] + other + text[at + found.end() :])

    # Literals.

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add("literal", node, str(not value))
        elif isinstance(value, int | float):
            self._add("number", node, repr(value + 1))
            self._add("number", node, repr(value - 1))
        elif isinstance(value, str | bytes) and value:
            self._add("string", node, 'b""' if isinstance(value, bytes) else '""')

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        # Its parts have no positions before Python 3.12.
        self._add("string", node, '""')

    # Statements and calls.

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call | ast.Await):
            self._add("statement", node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        written, other = _ARITHMETIC[type(node.op)]
        changed = self._written(node).replace(f"{written}=", f"{other}=", 1)
        self._add("arithmetic", node, changed)
        self._add("statement", node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(each, ast.Attribute | ast.Subscript) for each in node.targets):
            self._add("statement", node, "pass")
        if [getattr(each, "id", "") for each in node.targets] != ["__all__"]:
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._add("statement", node, "pass")
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._add("statement", node, "pass")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self._returned(node.value)
        self.generic_visit(node)

    def _returned(self, value: ast.expr | None) -> None:
        if value is not None and ast.unparse(value) != "None":
            self._add("return", value, "None")

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            self._add("call", node, self._written(function.value))
        name = getattr(function, "id", "")
        if name in _FUNCTIONS and node.args and not node.keywords:
            self._add("call", node, self._written(node.args[0]))
        if name not in _OF_TYPES:
            self.generic_visit(node)
        elif name == "cast":
            self.visit(node.args[1])

    # Places.

    def _within(self, name: str, nodes: Sequence[ast.AST]) -> None:
        self._scope.append(name)
        for node in nodes:
            self.visit(node)
        self._scope.pop()

    def _add(
        self,
        operator: str,
        node: ast.expr | ast.stmt,
        replacement: str,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        start = self._start(node) if start is None else start
        end = self._end(node) if end is None else end
        written = self._text[start:end]
        self.changes.append(
            Change(
                *("python", self._file, node.lineno, ".".join(self._scope), operator),
                *(start, end, written, replacement),
            )
        )

    def _written(self, node: ast.expr | ast.stmt) -> str:
        return self._text[self._start(node) : self._end(node)]

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.end_lineno, node.end_col_offset)

    def _at(self, line: int, column: int) -> int:
        """Return the position of a column, which `ast` counts in bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def compiles(text: str, changed: str) -> bool:
    """Whether a changed module can be parsed, and its AST differs from before."""
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def python_changes(sources: Mapping[str, str]) -> Iterator[Change]:
    """Yield all changes of modules, given by path."""
    for file, text in sources.items():
        yield from changes_of(file, text)
