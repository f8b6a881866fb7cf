"""Mutation operators make the expected changes, and the mutated twins can be parsed."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.mutants import Catch, Matrix, load_mutants
from suite.automatic.catalogue import write_catalogue
from suite.automatic.changes import OPERATORS, Change, order
from suite.automatic.node_operators import node_changes, syntax_faults, type_faults
from suite.automatic.python_operators import changes_of, compiles
from suite.automatic.report import Score
from suite.automatic.screening import Sample
from suite.automatic.sources import Equivalent, all_changes, load_equivalents, stale
from testbed.paths import NODE, ROOT
from testbed.servers import KINDS

PYTHON_CASES = [
    ("arithmetic", "x = (a + b) * c", {"x = (a - b) * c", "x = (a + b) / c"}),
    ("arithmetic", "x = a // b | c", {"x = a * b | c", "x = a // b & c"}),
    ("arithmetic", "x -= a", {"x += a"}),
    ("boundary", "x = a < b <= c", {"x = a <= b <= c", "x = a < b < c"}),
    ("comparison", "x = a < b", {"x = a >= b"}),
    ("comparison", "x = a is not b", {"x = a is b"}),
    ("comparison", "x = a not in b", {"x = a in b"}),
    ("comparison", "x = a == b", {"x = a != b"}),
    ("boolean", "x = a and b or c", {"x = a or b or c", "x = a and b and c"}),
    ("negation", "x = not (a or b)", {"x = (a or b)"}),
    ("condition", "if a > b:\n    f()", {"if True:\n    f()", "if False:\n    f()"}),
    ("condition", "while a:\n    f()", {"while False:\n    f()"}),
    (
        "condition",
        "x = [a for a in b if a]",
        {"x = [a for a in b if True]", "x = [a for a in b if False]"},
    ),
    ("number", "x = 5", {"x = 6", "x = 4"}),
    ("literal", "x = True", {"x = False"}),
    ("string", "x = 'ä', r'\\d'", {"x = \"\", r'\\d'", "x = 'ä', \"\""}),
    ("string", "x = f'{a}-b'", {'x = ""'}),
    ("string", "x = b'a'", {'x = b""'}),
    ("string", '"""Says."""\nx: "A" = y\ncast("A", y)', set()),
    ("statement", "f()\nx.y = 1\nz = 1", {"pass\nx.y = 1\nz = 1", "f()\npass\nz = 1"}),
    ("statement", "raise E", {"pass"}),
    ("call", "x = a.strip()", {"x = a"}),
    ("call", "x = sorted(a)", {"x = a"}),
    ("call", "@a\n@b(1)\ndef f(): ...", {"@b(1)\ndef f(): ...", "@a\ndef f(): ..."}),
    ("return", "def f():\n    return 1 + a", {"def f():\n    return None"}),
    ("return", "x = lambda: a", {"x = lambda: None"}),
]
NODE_CASES = [
    ("arithmetic", "x = (a + b) * c;", {"x = (a - b) * c;", "x = (a + b) / c;"}),
    ("arithmetic", "x++;", {"x--;"}),
    ("arithmetic", "x -= a;", {"x += a;"}),
    ("boundary", "x = a < b && b <= c;", {"x = a <= b && b <= c;", "x = a < b && b < c;"}),
    ("comparison", "x = a < b;", {"x = a >= b;"}),
    ("comparison", "x = a === b;", {"x = a !== b;"}),
    ("boolean", "x = (a && b) || c;", {"x = (a || b) || c;", "x = (a && b) && c;"}),
    ("boolean", "x = a ?? b;", {"x = a && b;"}),
    ("negation", "x = !(a || b);", {"x = (a || b);"}),
    ("condition", "if (a > b) f();", {"if (true) f();", "if (false) f();"}),
    ("condition", "x = a ? b : c;", {"x = true ? b : c;", "x = false ? b : c;"}),
    ("condition", "while (a) f();", {"while (false) f();"}),
    ("condition", "for (;;) f();", set()),
    ("number", "x = 0; y = 1n;", {"x = 1; y = 1n;", "x = (-1); y = 1n;", "x = 0; y = 0n;"}),
    ("literal", "x = true;", {"x = false;"}),
    ("string", "x = '🚚'; y = `a${b}`;", {'x = ""; y = `a${b}`;', "x = '🚚'; y = \"\";"}),
    ("string", "x = sql`SELECT ${a}`;", {"x = sql``;"}),
    ("string", "x = /a+/u;", {"x = /(?:)/u;"}),
    ("string", "import a from 'b'; type A = 'c'; x = { 'd': a };", set()),
    ("statement", "f(); x.y = 1; z = 1;", {"; x.y = 1; z = 1;", "f(); ; z = 1;"}),
    ("statement", "throw e;", {";"}),
    ("call", "x = a.trim();", {"x = a;"}),
    ("call", "const x = wrapped(() => a);", {"const x = () => a;"}),
    ("return", "function f() { return 1 + a; }", {"function f() { return undefined as never; }"}),
    ("return", "x = () => a;", {"x = () => undefined as never;"}),
    ("await", "async () => { await f(); };", {"async () => { f(); };"}),
]


def changed(changes: list[Change], operator: str, text: str) -> set[str]:
    return {each.applied(text) for each in changes if each.operator == operator}


@pytest.mark.parametrize(("operator", "text", "expected"), PYTHON_CASES)
def test_python_mutation_operators(operator: str, text: str, expected: set[str]) -> None:
    assert changed(changes_of("a.py", text), operator, text) == expected


@pytest.fixture(scope="module")
def of_cases() -> list[Change]:
    """The changes of all TypeScript cases, computed with a single start of the compiler."""
    return list(node_changes({text: text for _, text, _ in NODE_CASES}))


@pytest.mark.parametrize(("operator", "text", "expected"), NODE_CASES)
def test_typescript_mutation_operators(
    operator: str, text: str, expected: set[str], of_cases: list[Change]
) -> None:
    own = [each for each in of_cases if each.file == text]
    assert changed(own, operator, text) == expected


def test_every_operator_has_a_case() -> None:
    assert {case[0] for case in NODE_CASES} == {*OPERATORS}
    assert {case[0] for case in PYTHON_CASES} == {*OPERATORS} - {"await"}


def test_python_mutants_can_be_parsed() -> None:
    changes = all_changes("python")
    texts = {each.file: (ROOT / each.file).read_text(encoding="utf-8") for each in changes}
    assert len(changes) > 2000
    broken = [
        each for each in changes if not compiles(texts[each.file], each.applied(texts[each.file]))
    ]
    assert broken == []


def test_typescript_mutants_can_be_parsed() -> None:
    changes = all_changes("node")
    texts = {each.file: (ROOT / each.file).read_text(encoding="utf-8") for each in changes}
    assert len(changes) > 2000
    faults = syntax_faults([each.applied(texts[each.file]) for each in changes])
    assert [each for each, count in zip(changes, faults, strict=True) if count] == []


@pytest.mark.parametrize("kind", KINDS)
def test_generated_mutants_are_patches_with_unique_ids(kind: str, tmp_path: Path) -> None:
    changes = all_changes("python" if kind == "python" else "node")
    assert len({each.id for each in changes}) == len(changes)
    write_catalogue(changes[::40], tmp_path / "sample")
    mutants = {each.id: each for each in load_mutants(tmp_path / "sample")}
    for change in changes[::40]:
        text = (ROOT / change.file).read_text(encoding="utf-8")
        assert mutants[change.id].patched(ROOT) == {change.file: change.applied(text)}


def test_type_errors_are_found() -> None:
    file = "node/src/utils/etag.ts"
    text = (NODE.parent / file).read_text(encoding="utf-8")
    wrong, right = f"{text}\nexport const a: string = 1;", f"{text}\nexport const a: string = '1';"
    said = type_faults([(file, wrong), (file, right)])
    assert "not assignable" in said[0]
    assert said[1] == ""


def test_order_depends_on_the_seed_and_not_on_other_edits() -> None:
    first, second = "def f(a):\n    return a + 1\n", "def g(b):\n    return b < 2\n"
    python = "python/task_timer/services/one.py"
    changes = changes_of(python, first + second)
    once = [each.id for each in order(changes, 1)]
    assert once == [each.id for each in order(reversed(changes), 1)]
    assert once != [each.id for each in order(changes, 2)]
    moved = [each.id for each in order(changes_of(python, "import os\n\n" + second + first), 1)]
    assert moved == once


def test_folders_take_turns() -> None:
    one = changes_of("python/task_timer/services/one.py", "x = 1, 2, 3")
    two = changes_of("python/task_timer/config.py", "x = 1")
    assert Counter(each.folder for each in list(order([*one, *two], 5))[:4]) == {
        "services": 2,
        "top": 2,
    }


def test_recorded_equivalents_still_exist() -> None:
    assert stale(load_equivalents()) == []


def test_equivalent_is_found_after_moving() -> None:
    known = Equivalent("a.py", "f", "number", "1", "2", "Nothing reads it.")
    moved = changes_of("a.py", "import os\n\n\ndef f():\n    x =  1\n")
    assert [known.is_of(each) for each in moved] == [True, False]
    assert not known.is_of(changes_of("a.py", "def g():\n    x = 1\n")[0])


def test_score_excludes_equivalent_mutants() -> None:
    changes = changes_of("python/task_timer/services/one.py", "x = 1, 2, 3")[:4]
    known = Equivalent("python/task_timer/services/one.py", "", "number", "1", "2", "Unread.")
    names = [each.id for each in changes]
    matrix = Matrix([], ["stories"], ["units"])
    matrix.add(names[1], "stories", Catch("x", 1, 1.0))
    for name, found in ((names[2], "test"), (names[3], None)):
        matrix.add(name, "stories", Catch(None, 1, 1.0))
        matrix.add(name, "units", Catch(found, 0, 1.0))
    score = Score(1, Sample(changes), [known], matrix)
    assert [score.states[name] for name in names] == [
        "equivalent",
        "caught",
        "caught by unit tests only",
        "survived",
    ]
    assert (score.share(), score.share(with_units=True)) == ("1 of 3", "2 of 3")
    assert (score.percentage(), score.exit_code()) == (33.3, 1)
    untried = replace(changes[0], function="other")
    assert Score(1, Sample([untried]), [known], matrix).states == {untried.id: "could not be tried"}
