"""Code that is not mirrored between the twins is found."""

from pathlib import Path

from suite import mirror
from testbed import signatures, sources
from testbed.paths import NODE, PYTHON


def test_names_are_compared_in_snake_case() -> None:
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


def test_file_without_its_pair_is_reported() -> None:
    shared, lonely = {"a": NODE / "a.ts"}, {"a": PYTHON / "a.py", "b": PYTHON / "b.py"}
    assert list(mirror.file_faults(lonely, shared)) == [
        mirror.Fault(str(Path("python/b.py")), "its counterpart is missing")
    ]


def test_function_of_one_twin_is_reported() -> None:
    only = [sources.Function("create_task", "Makes a task.")]
    assert list(mirror.function_faults("services/task_service", only, [])) == [
        mirror.Fault("services/task_service: create_task", "only in the Python twin")
    ]


def test_different_order_and_different_sentence_are_reported() -> None:
    one, two = sources.Function("one", "One."), sources.Function("two", "Two.")
    other = [two, sources.Function("one", "First.")]
    texts = [fault.text for fault in mirror.function_faults("x", [one, two], other)]
    assert any("different order" in text for text in texts)
    assert "the docstrings differ" in texts


def test_unused_exception_is_reported() -> None:
    fault = mirror.Fault("a.py", "its counterpart is missing")
    assert mirror.unexcused([fault], {"a.py": "good"}) == []
    assert [each.place for each in mirror.unexcused([], {"a.py": "good"})] == ["a.py"]


def test_arguments_are_read_from_both_languages() -> None:
    python = """
def find_task(user_id: UUID, *, task_id: UUID) -> Task: ...
def _hidden(a: int) -> None: ...
class Bodies:
    def __init__(self, contract: Contract, size: int = 1) -> None: ...
    def read_one(self, call: Call) -> None: ...
    def _own(self, call: Call) -> None: ...
"""
    node = """
export async function findTask(userId: string, taskId: Map<string, () => void>) {}
function hidden(a: number) {}
export const entered = (call: Call, { id, at = 1 }: Entry) => id;
export class Bodies {
  readonly finish = async (call: Call, answer: Answer): Promise<void> => {};
  constructor(private readonly contract: Contract, size = 1) {
    if (size) {}
  }
  readOne(call: Call): void {
    run(call);
  }
  private own(call: Call) {}
}
"""
    both = {"find_task": ["user_id", "task_id"], "Bodies": ["contract", "size"]}
    both["Bodies.read_one"] = ["call"]
    assert signatures.python_arguments(python) == both
    assert signatures.typescript_arguments(node) == {
        **both,
        "entered": ["call", "id", "at"],
        "Bodies.finish": ["call", "answer"],
    }


def test_arguments_in_another_order_are_reported() -> None:
    python = {"same": ["a", "b"], "turned": ["settings", "contract"], "alone": ["a"]}
    node = {"same": ["a", "more", "b"], "turned": ["contract", "settings"]}
    text = "the same arguments in a different order: ['settings', 'contract'] and"
    assert [(fault.place, fault.text) for fault in mirror.argument_faults("app", python, node)] == [
        ("app: arguments of turned", f"{text} ['contract', 'settings']")
    ]


def test_middleware_is_read_in_execution_order() -> None:
    python = """
from .middleware import auth, validation
from .middleware.rate_limit import RateLimits
def checks(settings):
    last = (validation.check,) if settings.all else ()
    every = (RateLimits(settings).check, auth.check, *last)
    return every
"""
    node = """
import * as auth from "./middleware/auth.js";
import { RateLimits } from "./middleware/rate-limit.js";
import * as validation from "./middleware/validation.js";
export function checks(settings: Settings) {
  return [new RateLimits(settings).check, auth.check, validation.check];
}
export function others() {
  return [validation.check];
}
"""
    order = ["rate_limit", "auth", "validation"]
    assert signatures.python_middleware(python, "checks") == order
    assert signatures.typescript_middleware(node, "checks") == order


def test_middleware_in_another_order_is_reported() -> None:
    faults = list(
        mirror.middleware_faults("checks", ["auth", "limits", "cors"], ["limits", "auth"])
    )
    assert [fault.place for fault in faults] == ["checks: cors", "checks"]
    assert "different order" in faults[1].text


def test_both_twins_list_middleware() -> None:
    for function in ("checks", "finisher"):
        python = (PYTHON / "task_timer/api/checks.py").read_text(encoding="utf-8")
        node = (NODE / "src/api/checks.ts").read_text(encoding="utf-8")
        assert len(signatures.python_middleware(python, function)) > 3
        assert len(signatures.typescript_middleware(node, function)) > 3
