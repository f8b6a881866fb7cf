"""Settings, signals and probes for operators, extracted from the sources of both twins."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.paths import NODE, PYTHON, ROOT
from tooling.site.document import Json

EXAMPLE = ROOT / ".env.example"
PYTHON_WORKERS = PYTHON / "task_timer/server/workers.py"
NODE_WORKERS = NODE / "src/server/workers.ts"
SERVERS = {
    "python": (PYTHON_WORKERS, PYTHON / "task_timer/server/serve.py"),
    "node": (NODE_WORKERS, NODE / "src/server/serve.ts"),
}
PROBES = ("getHealth", "getReadiness", "getMetrics")

_SETTING = re.compile(r"(#?)([A-Z][A-Z0-9_]*)=(.*)")
_STATUS = re.compile(r"^(?:export )?(?:const )?(FAILED|MISCONFIGURED) = (\d+);?$", re.MULTILINE)
_PYTHON_HANDLERS = re.compile(r"^    (handle_\w+(?: = handle_\w+)*) = (\S+)$", re.MULTILINE)
_NODE_SIGNALS = re.compile(r"(ENDING|IGNORED)_SIGNALS = \[(.*?)\]")


@dataclass(frozen=True)
class Setting:
    """A setting: its default, if it has one, and its description, perhaps shared with others."""

    name: str
    default: str | None
    about: str


@dataclass(frozen=True)
class Probe:
    """An operation that reports the state of a server."""

    path: str
    operation: str
    summary: str
    description: str


def settings(text: str) -> Iterator[list[Setting]]:
    """Yield the settings of .env.example, in groups with a shared description."""
    about: list[str] = []
    group: list[Setting] = []
    for line in [*text.splitlines(), ""]:
        found = _SETTING.fullmatch(line)
        if found:
            default = None if found[1] else found[3]
            group.append(Setting(found[2], default, " ".join(about)))
        elif group:
            yield group
            about, group = [line.removeprefix("# ")] if line else [], []
        elif line:
            about.append(line.removeprefix("# "))
        else:
            about = []


def signals(source: str) -> dict[str, set[str]]:
    """Return the signals that end a twin, and those that it ignores, by effect."""
    if "const ENDING_SIGNALS" in source:
        return {
            kind.lower(): {name.strip().strip('"') for name in names.split(",")}
            for kind, names in _NODE_SIGNALS.findall(source)
        }
    found: dict[str, set[str]] = {"ending": {"SIGTERM"}, "ignored": {"SIGUSR1"}}
    for names, handler in _PYTHON_HANDLERS.findall(source):
        kind = "ending" if handler == "handle_term" else "ignored"
        found[kind] |= {f"SIG{name.split('_')[1].upper()}" for name in names.split(" = ")}
    return found


def statuses(files: tuple[Path, ...]) -> dict[str, int]:
    """Return the exit statuses of a twin, by the names of the constants."""
    texts = (path.read_text(encoding="utf-8") for path in files)
    return {name: int(status) for text in texts for name, status in _STATUS.findall(text)}


def probes(document: Json) -> Iterator[Probe]:
    """Yield the operations that report the state of a server."""
    for path, item in document["paths"].items():
        operation = item.get("get", {})
        if operation.get("operationId") in PROBES:
            yield Probe(
                path, operation["operationId"], operation["summary"], operation["description"]
            )


def page_values(document: Json) -> Mapping[str, object]:
    """Return the values for the page's template."""
    python = PYTHON_WORKERS.read_text(encoding="utf-8")
    return {
        "groups": list(settings(EXAMPLE.read_text(encoding="utf-8"))),
        "probes": list(probes(document)),
        "signals": signals(python),
        "statuses": statuses(SERVERS["python"]),
        "retry_after": document["x-unavailable"]["retry_after_seconds"],
        "replica": document["x-read-replica"],
        "metrics": document["x-metrics"],
    }
