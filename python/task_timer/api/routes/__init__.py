"""One handler for each operation: typed input, a call of a service, and its result dumped."""

from ...config import Settings
from ..call import Handler
from ..middleware.metrics import Metrics
from . import auth, reports, tasks, time_entries, timer, users
from .system import System


def all_handlers(settings: Settings, metrics: Metrics) -> tuple[Handler, ...]:
    """Lists the handlers of all operations; each is named like its operation, in snake_case."""
    return (
        *auth.HANDLERS,
        *users.HANDLERS,
        *tasks.HANDLERS,
        *time_entries.HANDLERS,
        *timer.HANDLERS,
        *reports.HANDLERS,
        *System(settings, metrics).handlers(),
    )
