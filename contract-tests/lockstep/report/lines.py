"""Lists of a report as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.report.steps import Data


def traps(data: Data) -> Iterator[str]:
    """Yield how many traps there were, and how many had an unexpected response."""
    if data["traps"]:
        wrong = sum(bool(trap["problems"]) for trap in data["traps"])
        sent = f"{len(data['traps'])} raw requests"
        yield f"{sent}, {wrong} with unexpected responses"


def races(data: Data) -> Iterator[str]:
    """Yield each race with how often each outcome occurred, and the impossible ones."""
    for race in data["races"]:
        seen = "; ".join(
            f"{name} {', '.join(f'{outcome} ({count})' for outcome, count in counted.items())}"
            for name, counted in race["outcomes"].items()
        )
        yield f"{race['name']}, {race['rounds']} rounds: {seen}"
        yield from (f"  impossible: {text}" for text in race["impossible"])


def replays(data: Data) -> Iterator[str]:
    """Yield the changes since an earlier replay, and each entry that changed or still differs."""
    for replay in data.get("replays", ()):
        if replay["changes"] is None:
            continue
        yield ", ".join(f"{count} {change}" for change, count in replay["changes"].items())
        for entry in replay["entries"]:
            if entry["change"]:
                seen = {"recorded": entry["recorded"], **entry["statuses"]}
                answers = ", ".join(
                    f"{name} {status or 'no response'}" for name, status in seen.items()
                )
                yield f"{entry['change']} {entry['name']}: {entry['request']} ({answers})"


def known(data: Data) -> Iterator[str]:
    """Yield each accepted difference, its cause, and how often it occurred."""
    for entry in data["known_differences"]:
        until = f", until {entry['expires']}" if entry["expires"] else ""
        what = f"{entry['operation']}: {entry['where']}"
        yield f"{what} ({entry['cause']}{until}), {entry['seen']} times"


def noise(data: Data) -> Iterator[str]:
    """Yield each location where a target differs from itself."""
    for entry in data["noise"]:
        examples = ", ".join(entry["examples"])
        what = f"{entry['operation']}: {entry['where']}: {entry['why']}"
        yield f"{what} ({entry['count']} times: {examples})"


def rules(data: Data) -> Iterator[str]:
    """Yield each rule of the configuration, and how often it was used."""
    for rule in data["rules"]:
        what = f"{rule['operation']}: {rule['where']}: {rule['rule']}"
        yield f"{what} ({rule['reason']}), used {rule['used']} times"
