"""The resources of a process."""

from django.apps import AppConfig, apps

from task_timer.api.checks import checks, finisher
from task_timer.api.middleware.access_log import AccessLog
from task_timer.api.middleware.error_handler import ErrorHandler
from task_timer.api.middleware.metrics import Metrics
from task_timer.api.routes import bound_handlers
from task_timer.config import load_settings
from task_timer.contract import load_contract
from task_timer.resources import make_resources


class TaskTimerConfig(AppConfig):
    """The checks, handlers and services of the twin, made once."""

    name = "task_timer_django"

    def ready(self) -> None:
        """Creates them, without a connection to anything. Raises ConfigError or ContractError."""
        settings = load_settings()
        self.resources = make_resources(settings, load_contract(settings.contract_path))
        self.contract = self.resources.contract
        metrics = Metrics(self.contract, shared=settings.workers > 1)
        self.handlers = bound_handlers(self.resources, metrics)
        self.checks = checks(self.resources)
        self.finish = finisher(self.resources)
        self.errors = ErrorHandler(self.contract, self.finish)
        self.access_log = AccessLog(self.resources, metrics)


def task_timer() -> TaskTimerConfig:
    """Returns what this process holds."""
    config = apps.get_app_config("task_timer_django")
    assert isinstance(config, TaskTimerConfig)  # noqa: S101
    return config
