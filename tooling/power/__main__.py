"""Measures what lockstep finds on servers that it was not developed with, and other tools too.

python -m tooling.power [--set NAME]... [--quick] [--no-rivals] [--mutants] [--json FILE]

Sets: the third-party fixtures of the tests, with each planted fault alone, and pairs without
faults; real pairs from the package registries, compared with a manual assessment; the mutants of
the twins with generated requests only, from the last run or, with --mutants, from a new one.
Dependencies are installed in build/power on first use. Rows are written as they are measured.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from testbed import processes, terminal
from tooling.power import mutants, pairs, planted, rivals
from tooling.power.children import CHILDREN, ServerError
from tooling.power.environments import SetUpError
from tooling.power.places import LOGS, REPORT
from tooling.power.scoring import Row
from tooling.power.table import print_rows

SETS = (*planted.APIS, "honest", *pairs.PAIRS, "mutants")
Progress = Callable[[str], None]


def main() -> int:
    """Measure the selected sets, print the rows and write them as JSON."""
    arguments = _arguments()
    console = terminal.console()
    LOGS.mkdir(parents=True, exist_ok=True)

    def progress(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False)

    rows: list[Row] = []
    try:
        with processes.ended_by_signals():
            for row in _rows(arguments, progress):
                rows.append(row)
                _write(rows, arguments.json)
    finally:
        CHILDREN.end_all()
        print_rows(rows, console)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tooling.power", description=__doc__)
    parser.add_argument("--set", dest="sets", action="append", choices=SETS)
    parser.add_argument("--quick", action="store_true", help="a small subset, no installs")
    parser.add_argument("--no-rivals", dest="rivals", action="store_false", help="only lockstep")
    parser.add_argument("--mutants", action="store_true", help="run the mutants, which takes long")
    parser.add_argument("--json", type=Path, default=REPORT, metavar="FILE")
    parser.add_argument("--at-once", type=int, default=2, help="parallel runs on the fixtures")
    return parser.parse_args()


def _rows(arguments: argparse.Namespace, progress: Progress) -> Iterator[Row]:
    chosen = arguments.sets or SETS
    if arguments.quick:
        yield from _quick(chosen, arguments, progress)
        return
    for name in SETS:
        if name in chosen:
            yield from _rows_of(name, arguments, progress)
    if arguments.rivals and not arguments.sets:
        yield from rivals.rows_of_others()


def _quick(
    chosen: Sequence[str], arguments: argparse.Namespace, progress: Progress
) -> Iterator[Row]:
    options = planted.QUICK_OPTIONS
    for name, faults in planted.QUICK.items():
        if name in chosen:
            yield planted.row_of_faults(
                planted.APIS[name], faults, options, arguments.at_once, progress
            )
    if "honest" in chosen:
        apis = [planted.APIS[next(iter(planted.QUICK))]]
        yield planted.row_of_honest(apis, planted.SEEDS[:1], options, 1, progress)


def _rows_of(name: str, arguments: argparse.Namespace, progress: Progress) -> Iterator[Row]:
    at_once = arguments.at_once
    apis = list(planted.APIS.values())
    if name in planted.APIS:
        api = planted.APIS[name]
        yield planted.row_of_faults(api, api.faults, (), at_once, progress)
        if arguments.rivals:
            yield from rivals.rows_of_faults(api, api.faults, at_once, progress)
    elif name == "honest":
        yield planted.row_of_honest(apis, planted.SEEDS, (), at_once, progress)
        if arguments.rivals:
            yield from rivals.rows_of_honest(apis)
    elif name in pairs.PAIRS:
        try:
            yield pairs.row_of_pair(pairs.PAIRS[name], progress)
            if arguments.rivals:
                yield from rivals.rows_of_pair(pairs.PAIRS[name])
        except (SetUpError, ServerError) as error:
            yield Row(name, problems=[str(error)])
    else:
        row = mutants.row_of_mutants(arguments.mutants)
        yield row or Row(name, problems=["not tried yet: --mutants"])


def _write(rows: list[Row], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"schema_version": 1, "rows": [asdict(row) for row in rows]}, indent=2)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
