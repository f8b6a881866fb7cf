"""Shows that the contract tests catch deliberately wrong twins.

python -m twins.saboteurs [ID ...]

Exits with 0 when all were caught, 1 when one got away, 2 when one could not be tried.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from twins import processes, terminal
from twins.databases import Databases, open_databases
from twins.hunt import CONTROL, Catch
from twins.paths import BUILD, ROOT
from twins.sabotage import SabotageError, Saboteur, load_saboteurs
from twins.stage import CLEAN, Stage

_AT_ONCE = 2


def main() -> int:
    """Try all saboteurs, or those named, and print who was caught by what."""
    console = terminal.console()
    try:
        chosen = _chosen(sys.argv[1:])
        with processes.ended_by_signals(), open_databases() as (databases, server):
            Stage(databases, server, BUILD / "logs").prepare(CLEAN)
            catches = _hunt_all(chosen, databases, console)
    except SabotageError as error:
        print(error, file=sys.stderr)
        return 2
    console.print(_table(chosen, catches))
    caught = sum(catch.stage is not None for catch in catches.values())
    console.print(f"{caught} of {len(chosen)} saboteurs caught")
    report = [asdict(catches[each.id]) for each in chosen]
    (BUILD / "saboteurs.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if caught == len(chosen) else 1


def _chosen(names: list[str]) -> list[Saboteur]:
    """The saboteurs named, or all; every patch is known to apply. Raises SabotageError."""
    saboteurs = load_saboteurs()
    unknown = set(names) - {each.id for each in saboteurs}
    if unknown:
        raise SabotageError(f"There are no saboteurs named {', '.join(sorted(unknown))}.")
    chosen = [each for each in saboteurs if not names or each.id in names]
    for each in chosen:
        each.patched_files()
    return chosen


def _hunt_all(
    saboteurs: list[Saboteur], databases: Databases, console: Console
) -> dict[str, Catch]:
    """Hunt for all, two at a time. Raises SabotageError if the twins differ without any."""
    catches = {}
    running: list[subprocess.Popen[bytes]] = []
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        ids = [CONTROL, *(each.id for each in saboteurs)]
        hunts = [threads.submit(_hunt, each, databases, running) for each in ids]
        try:
            for hunt in as_completed(hunts):
                catch = hunt.result()
                if catch.saboteur == CONTROL:
                    _require_peace(catch)
                    continue
                catches[catch.saboteur] = catch
                verdict = "got away" if catch.stage is None else f"caught by {catch.stage}"
                console.print(f"{catch.saboteur}: {verdict} ({catch.seconds} s)")
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for process in running:
                processes.stop(process)
    return catches


def _require_peace(control: Catch) -> None:
    if control.stage is not None:
        raise SabotageError(f"The twins differ without a saboteur: {control.finding}")


def _hunt(name: str, databases: Databases, running: "list[subprocess.Popen[bytes]]") -> Catch:
    output = BUILD / "logs" / "saboteurs" / f"{name}.out"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    process = processes.start(
        [sys.executable, "-m", "twins.hunt", name],
        output=output,
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": databases.admin_url, "DATABASE_PREFIX": databases.prefix},
    )
    running.append(process)
    if process.wait() != 0:
        raise SabotageError(f"{name} could not be tried:\n{processes.last_lines(output)}")
    return Catch(**json.loads(processes.last_lines(output, 1)))


def _table(saboteurs: list[Saboteur], catches: dict[str, Catch]) -> Table:
    table = Table("saboteur", "twin", "layer", "caught by", "as")
    table.add_column("requests", justify="right")
    table.add_column("seconds", justify="right")
    for each in saboteurs:
        catch = catches[each.id]
        stage = catch.stage or "[bold red]nothing[/]"
        numbers = (f"{catch.requests:,}", f"{catch.seconds:.1f}")
        table.add_row(each.id, each.twin, each.layer, stage, catch.finding or "", *numbers)
    return table


if __name__ == "__main__":
    sys.exit(main())
