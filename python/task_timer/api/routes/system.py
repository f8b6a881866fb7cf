"""Health, metrics, and the contract itself."""

from ...config import Settings
from ...db import ping
from ...utils.json_text import dump_json
from ..answers import Answer, Handler, ok
from ..call import Call
from ..middleware.metrics import MEDIA_TYPE, Metrics

MISSING_DOCS = b"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Task Timer</title>
<p>The reference is not built yet: run <code>make docs</code>.</p>
</html>
"""


class System:
    """The handlers of operations about the server itself."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._page = settings.docs_path / "index.html"
        self._metrics = metrics

    def get_health(self, call: Call) -> Answer:
        """Answers without looking at anything else."""
        return ok(call, {"status": "ok"})

    def get_readiness(self, call: Call) -> Answer:
        """Asks the database."""
        ping()
        return ok(call, {"status": "ready"})

    def get_metrics(self, call: Call) -> Answer:
        """Gives the metrics listed in `x-metrics`."""
        return ok(call, self._metrics.text(), MEDIA_TYPE)

    def get_contract_json(self, call: Call) -> Answer:
        """Gives this document as JSON."""
        return ok(call, dump_json(call.contract.document))

    def get_contract_yaml(self, call: Call) -> Answer:
        """Gives this document to the byte."""
        return ok(call, call.contract.source, "application/yaml")

    def get_docs(self, call: Call) -> Answer:
        """Gives this document as a page for people."""
        page = self._page.read_bytes() if self._page.exists() else MISSING_DOCS
        return ok(call, page, "text/html; charset=utf-8")

    def handlers(self) -> tuple[Handler, ...]:
        """Lists them all."""
        return (
            self.get_health,
            self.get_readiness,
            self.get_metrics,
            self.get_contract_json,
            self.get_contract_yaml,
            self.get_docs,
        )
