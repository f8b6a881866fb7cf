"""Compares the runtimes: parity first, then measurements, then docs/compare.html.

python -m tooling.benchmark [--resume] [--keep] [--contestants python,node,...]

PROFILE=quick|default|deep and SEED are read. Measurements are saved in build/compare.partial.json;
--resume continues an interrupted run. The default profile's figures are kept in
tooling/benchmark/kept, which README and the site show; --keep keeps those of any profile.

Exits with 0 if the page was written, 1 if parity fails, which leaves an older page unchanged, 2 if
it could not run.
"""

import argparse
import sys
import time

from testbed import processes, terminal
from testbed.directories import PostgresError
from testbed.migrations import CommandError
from testbed.paths import BUILD
from testbed.servers import ServerError
from tooling.benchmark.advisories import NoteError
from tooling.benchmark.keeping import KeepingError
from tooling.benchmark.load import SenderError
from tooling.benchmark.observing import LoadError
from tooling.benchmark.parity import ParityError
from tooling.benchmark.ready import NotReadyError
from tooling.benchmark.rounds import ResumeError
from tooling.benchmark.run import PARTIAL, Comparison, chosen
from tooling.benchmark.unit_tests import UnitTestError

_COULD_NOT_RUN = (
    CommandError,
    KeepingError,
    LoadError,
    NoteError,
    NotReadyError,
    PostgresError,
    ResumeError,
    SenderError,
    ServerError,
    UnitTestError,
    ValueError,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison; return the exit status."""
    parser = argparse.ArgumentParser(prog="tooling.benchmark", description=__doc__)
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    parser.add_argument("--keep", action="store_true", help="show it in README, for any profile")
    parser.add_argument("--contestants", default="", help="comma-separated names; all by default")
    options = parser.parse_args(arguments)
    console = terminal.console()
    begin = time.monotonic()
    try:
        with processes.ended_by_signals():
            comparison = Comparison(chosen(options.contestants), console)
            page = comparison.run(resume=options.resume, keep=options.keep)
    except ParityError as error:
        print(error, file=sys.stderr)
        return 1
    except _COULD_NOT_RUN as error:
        print(f"The comparison could not run. {error}", file=sys.stderr)
        if (BUILD / PARTIAL).exists():
            print(
                "The measurements so far are kept; resume with: make compare ARGS=--resume",
                file=sys.stderr,
            )
        return 2
    console.print(f"file://{page}  ({(time.monotonic() - begin) / 60:.1f} minutes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
