"""Measures what the proxy of lockstep adds, at a constant rate, with all reads compared.

python -m tooling.shadow [--rate 500] [--seconds 8] [--rounds 4] [--goal 2.0]

All processes of a proxy share one core, the second proxy has another one. Direct and proxied rounds
take turns; what is added is the median of the differences within rounds. Processor time (cpu) is
that of one request.
Exits with 0 when the proxy adds no more than the goal at p50, 1 when it does, 2 when requests
failed.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tooling.shadow.measuring import Measured, measure

_COMPARING = "comparing all"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tooling.shadow", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=500, help="requests a second (500)")
    parser.add_argument("--seconds", type=float, default=8, help="of each round (8)")
    parser.add_argument("--rounds", type=int, default=4, help="of each way (4)")
    parser.add_argument("--goal", type=float, default=2.0, help="milliseconds at p50 (2.0)")
    options = parser.parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))
    found = measure(options.rate, options.seconds, options.rounds, cores)
    added = show(found, Console())
    if any(each.failed for each in found):
        return 2
    return 0 if added <= options.goal else 1


def show(found: Sequence[Measured], console: Console) -> float:
    """Print the median of the rounds of each way; return what comparing all adds at p50."""
    ways = list(dict.fromkeys(each.way for each in found))
    table = Table(
        *("ms", "p50", "p99", "p50 added", "p99 added", "per s", "compared", "failed"),
        *("cpu: response", "cpu: comparison"),
    )
    base = rounds_of(found, ways[0])
    added = {way: differences(base, rounds_of(found, way)) for way in ways}
    for way in ways:
        rounds = rounds_of(found, way)
        plus = added[way]
        table.add_row(
            way,
            f"{statistics.median(each.p50 for each in rounds):.2f}",
            f"{statistics.median(each.p99 for each in rounds):.2f}",
            f"{plus[0]:+.2f}" if way != ways[0] else "",
            f"{plus[1]:+.2f}" if way != ways[0] else "",
            f"{statistics.median(each.per_second for each in rounds):,.0f}",
            f"{statistics.median(each.compared for each in rounds):.1%}",
            str(sum(each.failed for each in rounds)),
            f"{statistics.median(each.answering for each in rounds):.2f}",
            f"{statistics.median(each.comparing for each in rounds):.2f}",
        )
    console.print(table)
    return added[_COMPARING][0]


def rounds_of(found: Sequence[Measured], way: str) -> list[Measured]:
    """The rounds of one way, in order."""
    return [each for each in found if each.way == way]


def differences(base: Sequence[Measured], others: Sequence[Measured]) -> tuple[float, float]:
    """What is added at p50 and at p99, in milliseconds: the medians over pairs of one round."""
    pairs = list(zip(base, others, strict=True))
    return (
        statistics.median(other.p50 - first.p50 for first, other in pairs),
        statistics.median(other.p99 - first.p99 for first, other in pairs),
    )


if __name__ == "__main__":
    sys.exit(main())
