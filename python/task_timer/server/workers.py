"""Worker processes that share a port and their metrics."""

import errno
import logging
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, ClassVar

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from ..api.middleware.security_headers import common_headers
from ..resources import Resources
from ..utils.logger import logger
from .connection import Connection, Connections

FAILED = 1
NOTIFY_SECONDS = 0.5
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
# Those that end the supervisor do not end a worker before it says so.
IGNORED_SIGNALS = (
    *(signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2),
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH),
)
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


def supervise(app: Any, resources: Resources) -> None:
    """Starts the workers and replaces those that die; stops them on a terminating signal.

    Exits with status 1 if the address cannot be listened on.
    """
    _open_all_files()
    settings = resources.settings
    ports = filter(None, (settings.port, settings.metrics_port))
    listeners = [_listen(settings.host, port).detach() for port in ports]
    if settings.workers > 1:
        # The application was created in this process, which never sets its gauges: they are all 0.
        _forget_gauges(os.getpid())
    _Supervisor(app, resources, listeners).run()


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
        self.config.http = partial(Connection, self.app.resources, self.app.common_headers)
        self.config.timeout_notify = NOTIFY_SECONDS
        self.server = Connections(self.config, self.app.resources)
        # Gunicorn logs the same of its workers.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        logging.getLogger("uvicorn.error").propagate = True

    def run(self) -> None:
        """Serves until told to stop."""
        self.config.app = self.wsgi
        self.server.run(sockets=self.sockets)
        if not self.server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def init_signals(self) -> None:
        """Leaves the signals that a terminal sends to all processes to the supervisor."""
        super().init_signals()
        for each in IGNORED_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)


class _Arbiter(Arbiter):  # type: ignore[misc]
    """A supervisor that handles all terminating signals alike, and ignores other signals."""

    _is_stopping = False

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Queues a signal; a second terminating one ends the workers at once."""
        if self._is_stopping and sig in ENDING_SIGNALS:
            self.kill_workers(signal.SIGKILL)
        else:
            super().signal(sig, frame)

    def spawn_worker(self) -> int:
        """Starts a worker. It gets signals once it handles them: it would queue them in vain."""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            return int(super().spawn_worker())
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def handle_term(self) -> None:
        """Stops the workers."""
        self._is_stopping = True
        super().handle_term()

    handle_hup = handle_int = handle_quit = handle_term

    def handle_usr1(self) -> None:
        """Does nothing."""

    handle_usr2 = handle_ttin = handle_ttou = handle_winch = handle_usr1


class _Supervisor(BaseApplication):  # type: ignore[misc]
    """Gunicorn with the settings of this process.

    uvicorn's own supervisor spawns each worker without a fork, waits for it without a timeout at
    shutdown, and does not report that one has died.
    """

    def __init__(self, app: Any, resources: Resources, listeners: list[int]) -> None:
        self._application = app
        self._listeners = listeners
        # Nothing is written to it: its end tells workers that the supervisor is gone.
        self._lifeline = os.pipe()
        self.resources = resources
        self.common_headers = common_headers(resources.contract, resources.settings)
        super().__init__()

    def load_config(self) -> None:
        """Configures the server."""
        settings = self.resources.settings
        options: dict[str, Any] = {
            "bind": [f"fd://{listener}" for listener in self._listeners],
            "workers": settings.workers,
            "worker_class": _Worker,
            "keepalive": settings.keep_alive_seconds,
            "graceful_timeout": settings.shutdown_delay_seconds + settings.shutdown_seconds,
            "control_socket_disable": True,
            "logger_class": _ServerLogger,
            "post_fork": self._watch_supervisor,
        }
        if settings.workers > 1:
            options["child_exit"] = _forget_worker
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Returns the application."""
        return self._application

    def run(self) -> None:
        """Starts the workers and stays until a signal ends it."""
        _Arbiter(self).run()

    def _watch_supervisor(self, _server: Any, worker: _Worker) -> None:
        ours, theirs = self._lifeline
        os.close(theirs)

        def watch() -> None:
            os.read(ours, 1)
            worker.server.delay_seconds = 0
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, daemon=True).start()


def _forget_worker(server: Any, worker: Any) -> None:
    # Whoever is about to end has stopped to listen.
    if server.LISTENERS:
        logger().warning("worker_replaced", pid=worker.pid)
    _forget_gauges(worker.pid)


def _forget_gauges(pid: int) -> None:
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _listen(host: str, port: int) -> socket.socket:
    """Listens at an address. Gunicorn would try five times, a second apart."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        logger().error("address_unavailable", host=host, port=port, reason=reason)
        sys.exit(FAILED)


def _open_all_files() -> None:
    """Raises the limit of open files to the maximum, as Node does by itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
