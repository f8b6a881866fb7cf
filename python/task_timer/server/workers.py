"""Worker processes that share a port and their metrics."""

import logging
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from ..api.middleware.security_headers import common_headers
from ..config import Settings
from ..contract import Contract
from .connection import KEEP_ALIVE_SECONDS, Connection

NOTIFY_SECONDS = 0.5
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def supervise(app: Any, settings: Settings, contract: Contract) -> None:
    """Starts the workers and replaces those that die; stops them on SIGTERM or SIGINT."""
    _open_all_files()
    _Supervisor(app, settings, contract).run()


@contextmanager
def share_metrics(workers: int) -> Iterator[None]:
    """Shares metrics between the workers. They write to a directory that is removed on exit."""
    if workers == 1:
        yield
        return
    owner = os.getpid()
    directory = tempfile.mkdtemp(prefix="task-timer-metrics-")
    os.environ[METRICS_DIRECTORY] = directory
    try:
        yield
    finally:
        # Workers pass here too when they exit.
        if os.getpid() == owner:
            shutil.rmtree(directory)


class _ServerLogger(Logger):  # type: ignore[misc]
    """Forwards the log of the server to that of the process."""

    def setup(self, cfg: Any) -> None:
        """Configures no output of its own."""
        self.error_log.propagate = True


class _Worker(UvicornWorker):  # type: ignore[misc]
    """A worker that reads requests in its event loop, within the limits of the contract."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "ws": "none",
        "lifespan": "on",
        "proxy_headers": False,
        "server_header": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.http = partial(Connection, self.app.contract, self.app.common_headers)
        self.config.timeout_notify = NOTIFY_SECONDS
        # Gunicorn logs the same of its workers.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").propagate = True

    async def callback_notify(self) -> None:
        """Sends the supervisor a heartbeat, and exits if there is none."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)


class _Supervisor(BaseApplication):  # type: ignore[misc]
    """Gunicorn with the settings of this process.

    uvicorn's own supervisor spawns each worker without a fork, waits for it without a timeout at
    shutdown, and does not report that one has died.
    """

    def __init__(self, app: Any, settings: Settings, contract: Contract) -> None:
        self._application = app
        self._settings = settings
        self.contract = contract
        self.common_headers = common_headers(contract, settings)
        super().__init__()

    def load_config(self) -> None:
        """Configures the server."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": _Worker,
            "keepalive": KEEP_ALIVE_SECONDS,
            "graceful_timeout": self._settings.shutdown_seconds,
            "control_socket_disable": True,
            "logger_class": _ServerLogger,
        }
        if self._settings.workers > 1:
            options["child_exit"] = _forget_worker
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Returns the application."""
        return self._application


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _open_all_files() -> None:
    """Raises the limit of open files to the maximum, as Node does by itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
