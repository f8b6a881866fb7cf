"""Probes, metrics, the OpenAPI document and the documentation."""

from ...db import ping
from ...resources import Resources
from ...services import replica_service
from ...utils.errors import PageNotFoundError, ShuttingDownError
from ...utils.json_text import dump_json
from ..answers import JSON, Answer, Handler, moved, ok, ok_static, static_file
from ..call import Call
from ..middleware.metrics import MEDIA_TYPE, Metrics
from ..site import load_site


class System:
    """The handlers of operations about the server itself."""

    def __init__(self, resources: Resources, metrics: Metrics) -> None:
        contract = resources.contract
        self._json = static_file(dump_json(contract.document), JSON)
        self._yaml = static_file(contract.source, "application/yaml")
        self._index = contract["x-docs-site"]["index"]
        self._site = load_site(resources.settings, contract)
        self._metrics = metrics
        self._shutdown = resources.shutdown
        metrics.watch(resources)

    def get_health(self, call: Call) -> Answer:
        """Responds without checking any dependency."""
        return ok(call, {"status": "ok"})

    def get_readiness(self, call: Call) -> Answer:
        """Checks that the server is not shutting down, and that the database responds."""
        if self._shutdown.has_begun:
            raise ShuttingDownError
        ping()
        state = replica_service.look()
        return ok(call, {"status": "ready"} | ({"read_replica": state} if state else {}))

    def get_metrics(self, call: Call) -> Answer:
        """Returns the metrics defined in `x-metrics`."""
        return ok(call, self._metrics.text(), MEDIA_TYPE)

    def get_contract_json(self, _call: Call) -> Answer:
        """Returns the OpenAPI document as JSON."""
        return ok_static(self._json)

    def get_contract_yaml(self, _call: Call) -> Answer:
        """Returns the OpenAPI document byte for byte."""
        return ok_static(self._yaml)

    def get_docs(self, call: Call) -> Answer:
        """Redirects to the first page of the documentation."""
        return moved(call.path_of("getDocsPage", page=self._index))

    def get_docs_page(self, call: Call) -> Answer:
        """Returns a page of the documentation, or a file that a page needs."""
        page = self._site.get(call.path_values["page"])
        if page is None:
            raise PageNotFoundError
        answer = ok_static(page.file)
        answer.headers["Content-Security-Policy"] = page.policy
        return answer

    def handlers(self) -> tuple[Handler, ...]:
        """Lists them all."""
        return (
            self.get_health,
            self.get_readiness,
            self.get_metrics,
            self.get_contract_json,
            self.get_contract_yaml,
            self.get_docs,
            self.get_docs_page,
        )
