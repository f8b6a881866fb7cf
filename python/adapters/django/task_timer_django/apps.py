"""What a process holds."""

from django.apps import AppConfig, apps

from task_timer.api.checks import checks, finisher
from task_timer.api.middleware.access_log import AccessLog
from task_timer.api.middleware.error_handler import ErrorHandler
from task_timer.api.middleware.metrics import Metrics
from task_timer.api.routes import bound_handlers
from task_timer.config import load_settings
from task_timer.contract import load_contract
from task_timer.services import configure_services


class TaskTimerConfig(AppConfig):
    """The checks, handlers and services of the twin, made once."""

    name = "task_timer_django"

    def ready(self) -> None:
        """Makes them, without a connection to anything. Raises ConfigError or ContractError."""
        settings = load_settings()
        self.contract = load_contract(settings.contract_path)
        metrics = Metrics(self.contract, shared=settings.workers > 1)
        self.handlers = bound_handlers(settings, self.contract, metrics)
        self.checks = checks(settings, self.contract)
        self.finish = finisher(settings, self.contract)
        self.errors = ErrorHandler(self.contract, self.finish)
        self.access_log = AccessLog(self.contract, metrics)
        configure_services(settings, self.contract)


def task_timer() -> TaskTimerConfig:
    """Gives what this process holds."""
    config = apps.get_app_config("task_timer_django")
    assert isinstance(config, TaskTimerConfig)  # noqa: S101
    return config
