"""The samples of every operation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lockstep.openapi.document import Document
from tooling.site.samples import curl, node, python
from tooling.site.samples.layout import lay_out_node, lay_out_python
from tooling.site.samples.requests import sample_request

Language = Literal["curl", "python", "node"]
LABELS: Mapping[Language, str] = {
    "curl": "curl",
    "python": "Python (httpx)",
    "node": "Node (fetch)",
}
# The environment variables of the samples, and where their values come from.
VARIABLES: Mapping[str, str] = {
    "BASE_URL": "The address of a server, without a slash at its end; `make serve` prints two.",
    "TOKEN": "The `access_token` that `logIn` gave.",
    "REFRESH_TOKEN": "The `refresh_token` that `logIn` gave.",
    "ETAG": "The `ETag` of what is changed, from the answer that was read last.",
}


@dataclass(frozen=True, slots=True)
class CodeSample:
    """How to call an operation in one language; `label` is for display."""

    language: Language
    label: str
    source: str


def samples(document: dict[str, Any]) -> dict[str, list[CodeSample]]:
    """Return the samples of a parsed contract by operationId, in the order of LABELS.

    They are complete programs that read VARIABLES from the environment, as far as they need them,
    and use the sample data of `make serve`.
    """
    contract = Document(document)
    requests = {
        name: sample_request(contract, operation) for name, operation in contract.operations.items()
    }
    sources: dict[Language, dict[str, str]] = {
        "curl": {name: curl.source(request) for name, request in requests.items()},
        "python": lay_out_python({name: python.source(it) for name, it in requests.items()}),
        "node": lay_out_node({name: node.source(it) for name, it in requests.items()}),
    }
    return {
        name: [
            CodeSample(language, label, sources[language][name])
            for language, label in LABELS.items()
        ]
        for name in requests
    }
