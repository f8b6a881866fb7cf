"""Runs an application as a server, from its settings to its exit status."""

import gc
import pkgutil
import sys
from functools import partial
from typing import Any, Literal

from ..config import DEVELOPMENT_SECRET_KEY, ConfigError, load_settings
from ..contract import ContractError, load_contract
from ..resources import Resources
from ..utils.logger import configure_logging, logger
from .threads import Threads
from .workers import share_metrics, supervise

MISCONFIGURED = 2


def serve(factory: str, interface: Literal["wsgi", "asgi"]) -> None:
    """Serves until a signal stops the process; exits 2 with all errors if it cannot start.

    factory: `module:function` that creates the application, which has `resources`, from Settings
    and Contract; the module is imported once the directory of the metrics is set, as their library
    reads it on import.
    """
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        with share_metrics(settings.workers):
            contract = load_contract(settings.contract_path)
            app = pkgutil.resolve_name(factory)(settings, contract)
            resources = app.resources
            if interface == "wsgi":
                app = _threads(app, resources)
            if settings.secret_key == DEVELOPMENT_SECRET_KEY:
                logger().warning("default_secret_key")
            # What is there by now stays: looking at all of it again and again would cost 50 ms for
            # each body of 80,000 arrays.
            gc.freeze()
            supervise(app, resources)
    except ConfigError as error:
        _refuse(error.faults)
    except ContractError as error:
        _refuse([str(error)])


def _threads(app: Any, resources: Resources) -> Threads:
    if not resources.settings.traces_endpoint:
        return Threads(app, resources)
    # Imported only if needed: it takes 0.2 s and 20 MB.
    from .tracing import start_tracing, stop_tracing, traced  # noqa: PLC0415

    phases = partial(start_tracing, resources.settings), stop_tracing
    return Threads(traced(app), resources, phases)


def _refuse(faults: list[str]) -> None:
    sys.stderr.write("".join(f"{fault}\n" for fault in faults))
    sys.exit(MISCONFIGURED)
