"""From a plan to the verdict, for the commands that send requests of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from lockstep.cli.output import reporter, show
from lockstep.configuration import Plan
from lockstep.run import Run
from lockstep.transport.targets import Target


def carry_out(plan: Plan, drive: Callable[[Run, list[Target]], None], *, quiet: bool) -> NoReturn:
    """Drive the targets of a plan, write its reports, and exit with the verdict's code.

    After Ctrl-C what was found till then is reported, as a run that could not be done.
    """
    targets = plan.targets()
    outputs = plan.outputs()
    with reporter(quiet=quiet) as progress:
        work = Run(plan.settings(), progress)
        try:
            drive(work, targets)
        except KeyboardInterrupt:
            work.could_not_run("interrupted: what was found till then is reported")
        finally:
            for target in targets:
                target.close()
    verdict = work.finish()
    show(verdict, outputs, quiet=quiet)
    sys.exit(verdict.exit_code)
