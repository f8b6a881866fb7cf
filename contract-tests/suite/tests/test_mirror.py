"""What is not mirrored is found."""

from pathlib import Path

from suite import mirror
from testbed import sources
from testbed.paths import NODE, PYTHON


def test_names_are_compared_in_one_case() -> None:
    assert sources.snake_case("createTask") == "create_task"
    assert sources.snake_case("time-entry-service") == "time_entry_service"


def test_functions_are_read_from_both_languages() -> None:
    python = sources.python_functions(
        'def create_task(title):\n    """Makes a task. At once."""\n\ndef _private(): ...\n'
    )
    node = sources.typescript_functions(
        "/** Makes a task.\n * At once. */\nexport async function createTask() {}\n"
        "function hidden() {}\n"
    )
    assert python == node == [sources.Function("create_task", "Makes a task.")]


def test_cases_are_read_from_both_languages() -> None:
    python = sources.python_cases("def test_utf8_is_refused(text): ...\n")
    node = sources.typescript_cases('test.each([1])("UTF-8 is refused: %s", () => {});\n')
    assert python.keys() == node.keys()


def test_file_without_its_pair_is_told() -> None:
    shared, lonely = {"a": NODE / "a.ts"}, {"a": PYTHON / "a.py", "b": PYTHON / "b.py"}
    assert list(mirror.file_faults(lonely, shared)) == [
        mirror.Fault(str(Path("python/b.py")), "its pair is missing")
    ]


def test_function_of_one_twin_is_told() -> None:
    only = [sources.Function("create_task", "Makes a task.")]
    assert list(mirror.function_faults("services/task_service", only, [])) == [
        mirror.Fault("services/task_service: create_task", "only in the Python twin")
    ]


def test_other_order_and_other_words_are_told() -> None:
    one, two = sources.Function("one", "One."), sources.Function("two", "Two.")
    other = [two, sources.Function("one", "First.")]
    texts = [fault.text for fault in mirror.function_faults("x", [one, two], other)]
    assert any("another order" in text for text in texts)
    assert "described by two sentences" in texts


def test_reason_without_need_is_told() -> None:
    fault = mirror.Fault("a.py", "its pair is missing")
    assert mirror.unexcused([fault], {"a.py": "good"}) == []
    assert [each.place for each in mirror.unexcused([], {"a.py": "good"})] == ["a.py"]
