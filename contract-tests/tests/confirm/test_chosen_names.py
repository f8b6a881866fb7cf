"""A name that a client chose in a POST is another one when a finding is shown again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from fixtures.scripted import answer, exchanger

from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.exchange.exchanger import Exchanger
from lockstep.transport.messages import Request, Response

PATHS: dict[str, Any] = {
    "/links": {"post": {"operationId": "createLink", "responses": {"201": {"description": "ok"}}}},
    "/links/{code}": {
        "parameters": [{"name": "code", "in": "path", "required": True}],
        "delete": {"operationId": "deleteLink", "responses": {"204": {"description": "gone"}}},
    },
}


@dataclass
class Links:
    """A server of links with names of their own, which may stay taken after a deletion."""

    forgets: bool
    taken: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> Response:
        if request.method == "DELETE":
            code = request.path.rpartition("/")[2]
            if self.forgets:
                self.taken.discard(code)
            return answer(status=204)
        code = json.loads(request.body or b"{}")["alias"]
        if code in self.taken:
            return answer({"error": "taken"}, 409)
        self.taken.add(code)
        return answer({"code": code}, 201, {"Location": f"/links/{code}"})


def test_a_name_that_stays_taken_is_shown_again_with_another_name() -> None:
    both, targets = exchanger(Links(forgets=True), Links(forgets=False), paths=PATHS)
    json_type = (("Content-Type", "application/json"),)
    create = Request("POST", "/links", json_type, b'{"alias": "my-own-map"}', "createLink")
    delete = Request("DELETE", "/links/my-own-map", operation="deleteLink")
    for request in (create, delete, create):
        both.send(request)
    (found,) = [each for each in both.ledger.findings.all() if each.kind == "status"]
    Confirmer(Exchanger(both.ledger, targets), Budget(400, 20)).confirm([[found]])
    assert found.reproduced is True
    assert [each.request.method for each in found.sequence] == ["POST", "DELETE", "POST"]
    assert b"my-own-map" not in (found.sequence[0].request.body or b"")
