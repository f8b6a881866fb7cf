"""The data directories of the embedded PostgreSQL, and their removal."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TEMPORARY = "task-timer-postgres-"


class PostgresError(Exception):
    """PostgreSQL could not be started; the message ends with its log, if it has one."""


@contextmanager
def server_directory(directory: Path | None) -> Iterator[Path]:
    """Yield the directory of a server: a persistent one, or a temporary one.

    Raises PostgresError if another process uses it.
    """
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        with _owned(directory):
            yield directory
        return
    _remove_abandoned()
    fresh = tempfile.TemporaryDirectory(prefix=_TEMPORARY, ignore_cleanup_errors=True)
    with fresh as name, _owned(Path(name)):
        yield Path(name)


@contextmanager
def _owned(directory: Path) -> Iterator[None]:
    """Hold the lock that marks the server of this directory as alive."""
    with (directory / "owner.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PostgresError(f"Another process uses the database in {directory}.") from None
        yield


def _remove_abandoned() -> None:
    """Delete the directories of servers whose command was killed before it could clean up."""
    for lock_file in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*/owner.lock"):
        try:
            with lock_file.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock_file.parent, ignore_errors=True)
        except (BlockingIOError, PermissionError, FileNotFoundError):
            continue
