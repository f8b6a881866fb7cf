"""Keeps metrics to a port of their own."""

from ...config import Settings
from ...contract import Contract
from ...utils.errors import PathNotFoundError
from ...utils.uri import normal_path
from ..call import Call


class MetricsPort:
    """The second check: where the metrics have a port, nothing else is there."""

    def __init__(self, settings: Settings, contract: Contract) -> None:
        self._port = settings.metrics_port
        self._path = contract.operations["getMetrics"].path

    def check(self, call: Call) -> None:
        """Raises PathNotFoundError."""
        if self._port and (call.port == self._port) != (normal_path(call.path) == self._path):
            raise PathNotFoundError
