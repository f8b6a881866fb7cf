"""Shows the progress of a run."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

PLAIN_SECONDS = 5.0


class TerminalProgress:
    """A progress bar on a terminal, elsewhere a line every few seconds; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,}"),
            TextColumn("{task.fields[doing]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._bar: TaskID | None = None
        self._title = ""
        self._said_at = 0.0

    def __enter__(self) -> TerminalProgress:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def stage(self, title: str) -> None:
        """Start a stage."""
        self._title = title
        self._said_at = time.monotonic()
        if not self._console.is_terminal:
            self._say(f"{title} …")
            return
        if self._bar is not None:
            self._bars.remove_task(self._bar)
        self._bar = self._bars.add_task(title, total=None, doing="")

    def progress(self, text: str, done: int, total: int | None) -> None:
        """Update the progress of the stage."""
        if self._bar is not None:
            self._bars.update(self._bar, completed=done, total=total, doing=text)
        elif time.monotonic() - self._said_at >= PLAIN_SECONDS:
            self._said_at = time.monotonic()
            of_all = f" of {total:,}" if total is not None else ""
            self._say(f"{self._title}: {done:,}{of_all}, {text}")

    def _say(self, line: str) -> None:
        """Print one log line without markup and without wrapping."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
