"""Where results are printed."""

import sys

from rich.console import Console

# What is not a terminal has no width of its own; tables should not be broken for 80 columns there.
_WIDTH_ELSEWHERE = 140


def console() -> Console:
    """A console on standard output; coloured only on a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_ELSEWHERE)
