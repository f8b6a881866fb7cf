"""The entry of the process, and its only listener: `python -m task_timer.main`."""

import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from .api.middleware.security_headers import common_headers
from .api.wire_errors import Worker
from .config import DEVELOPMENT_SECRET_KEY, ConfigError, Settings, load_settings
from .contract import Contract, ContractError, load_contract
from .utils.logger import configure_logging, logger

MISCONFIGURED = 2
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
KEEP_ALIVE_SECONDS = 5
# So that /health is answered also while every connection to the database is in use.
SPARE_THREADS = 2
MAX_HEADER_BYTES = 131072
MAX_HEADERS = 4096


class ServerLogger(Logger):  # type: ignore[misc]
    """Passes on what the server says to the log of the process."""

    def setup(self, cfg: Any) -> None:
        """Writes nothing by itself."""
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with the settings of this process."""

    def __init__(self, app: Any, worker: type, contract: Contract, settings: Settings) -> None:
        self._application = app
        self._worker = worker
        self._settings = settings
        self.contract = contract
        self.common_headers = common_headers(contract, settings)
        super().__init__()

    def load_config(self) -> None:
        """Sets the server up. Its limits are wide: the application has the contract's."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "threads": self._settings.database_pool_size + SPARE_THREADS,
            "worker_class": self._worker,
            "keepalive": KEEP_ALIVE_SECONDS,
            "graceful_timeout": self._settings.shutdown_seconds,
            "limit_request_line": 0,
            "limit_request_fields": MAX_HEADERS,
            "limit_request_field_size": MAX_HEADER_BYTES,
            "header_map": "dangerous",
            "secure_scheme_headers": {},
            "control_socket_disable": True,
            "http_parser": "python",
            "logger_class": ServerLogger,
        }
        if self._settings.workers > 1:
            options["child_exit"] = _forget_worker
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Gives the application."""
        return self._application


def main() -> None:
    """Serves until a signal ends the process; exits 2 with all faults when it cannot begin."""
    serve("task_timer.app:create_app", Worker)


def serve(factory: str, worker: type) -> None:
    """Serves as `main` does, with workers of a class of gunicorn's.

    factory: `module:function` of what makes the application from Settings and Contract; the module
    is imported when the metrics' library can find their directory, which it looks for at once.
    """
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        with _shared_metrics(settings.workers):
            contract = load_contract(settings.contract_path)
            app = pkgutil.resolve_name(factory)(settings, contract)
            if settings.secret_key == DEVELOPMENT_SECRET_KEY:
                logger().warning("default_secret_key")
            Server(app, worker, contract, settings).run()
    except ConfigError as error:
        _refuse(error.faults)
    except ContractError as error:
        _refuse([str(error)])


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _refuse(faults: list[str]) -> None:
    sys.stderr.write("".join(f"{fault}\n" for fault in faults))
    sys.exit(MISCONFIGURED)


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Lets several workers count together, in a directory that is removed at the end."""
    if workers == 1:
        yield
        return
    owner = os.getpid()
    directory = tempfile.mkdtemp(prefix="task-timer-metrics-")
    os.environ[METRICS_DIRECTORY] = directory
    try:
        yield
    finally:
        # Workers come by here as well when they end.
        if os.getpid() == owner:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
