"""The commands and files of a migration by lockstep: the page shows them, and a test runs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FILES = Path(__file__).with_name("migration")
_TARGETS = "--target old=http://localhost:8000 --target new=http://localhost:9000"
_OTHERS = "--target new=http://localhost:9000 --target old=http://localhost:8000"


@dataclass(frozen=True)
class Command:
    """A command line, what it does, and whether it runs until it is stopped."""

    text: str
    about: str
    stays: bool = False


# In the order of the migration.
COMMANDS: Mapping[str, tuple[Command, ...]] = {
    "laboratory": (
        Command(
            f"lockstep run openapi.yaml {_TARGETS} --html laboratory.html",
            "generates requests, sends each to both, and compares",
        ),
    ),
    "replay": (
        Command(
            f"lockstep replay day.har openapi.yaml {_TARGETS} --html replay.html",
            "replays a day's recording, or an access log",
        ),
    ),
    "shadow": (
        Command(
            f"lockstep proxy openapi.yaml {_TARGETS} --listen localhost:8081"
            " --admin localhost:9091",
            "forwards to old, and compares new",
            stays=True,
        ),
        Command(
            f"lockstep proxy openapi.yaml {_OTHERS} --listen localhost:8082 --admin localhost:9092",
            "forwards to new, and compares old",
            stays=True,
        ),
        Command("caddy run --config Caddyfile", "sends all traffic to the first", stays=True),
        Command(
            "curl --silent http://localhost:9091/warrant.md",
            "what the traffic has proved so far",
        ),
    ),
    "ramp": (
        Command(
            "lockstep cutover cutover.toml --dry-run", "shows what it would do, and what is missing"
        ),
        Command("lockstep cutover cutover.toml --html cutover.html", "moves the traffic"),
        Command("lockstep cutover cutover.toml --status", "shows the progress"),
    ),
    "back": (Command("lockstep cutover cutover.toml --back", "moves all traffic back to old"),),
}


def files() -> dict[str, str]:
    """The files that the commands read, beside the document and a recording."""
    names = ("Caddyfile", "cutover.toml")
    return {name: (_FILES / name).read_text(encoding="utf-8") for name in names}


def page_values() -> Mapping[str, object]:
    """What the page shows."""
    return {"commands": COMMANDS, "files": files()}
