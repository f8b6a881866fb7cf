"""What is not mirrored is found."""

from twins import mirror


def test_names_are_compared_in_one_case() -> None:
    assert mirror.snake_case("createTask") == "create_task"
    assert mirror.snake_case("time-entry-service") == "time_entry_service"


def test_functions_are_read_from_both_languages() -> None:
    python = mirror.python_functions(
        'def create_task(title):\n    """Create a task. At once."""\n\ndef _private(): ...\n'
    )
    node = mirror.typescript_functions(
        "/** Create a task.\n * At once. */\nexport async function createTask() {}\n"
        "function hidden() {}\n"
    )
    assert python == node == [mirror.Function("create_task", "Create a task.")]


def test_function_of_one_twin_is_told() -> None:
    only = [mirror.Function("create_task", "Create a task.")]
    assert list(mirror.name_faults("services/task_service", only, [])) == [
        "services/task_service: create_task is only in the Python twin"
    ]


def test_other_order_and_other_words_are_told() -> None:
    one, two = mirror.Function("one", "One."), mirror.Function("two", "Two.")
    faults = list(mirror.name_faults("x", [one, two], [two, mirror.Function("one", "First.")]))
    assert any("another order" in fault for fault in faults)
    assert any("one is described by two sentences" in fault for fault in faults)
