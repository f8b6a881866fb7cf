"""The console for results."""

import sys

from rich.console import Console

# Output that is not a terminal has no width; tables should not wrap at 80 columns there.
_WIDTH_ELSEWHERE = 140


def console() -> Console:
    """Return a console on standard output, with colours only on a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE)
