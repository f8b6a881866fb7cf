"""What a request made on one side only is deleted there, so that states are equal again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.transport.messages import Outcome, Request

NAMED = {"name": "form_id", "in": "path", "required": True}
PATHS: dict[str, Any] = {
    "/forms": {"post": {"operationId": "createForm", "responses": {"201": {}}}},
    "/forms/{form_id}": {
        "parameters": [NAMED],
        "delete": {"operationId": "deleteForm", "responses": {"204": {}}},
    },
    "/forms/{form_id}/copies": {
        "parameters": [NAMED],
        "post": {"operationId": "copyForm", "responses": {"201": {}}},
    },
}


class Forms:
    """A server of forms, of which a copy is made, or refused."""

    def __init__(self, *, refuses: bool = False, headers: Mapping[str, str] | None = None) -> None:
        self.refuses, self.headers = refuses, headers
        self.forms = ["f1"]

    def __call__(self, request: Request) -> Outcome:
        name = request.path.split("/")[2] if "/forms/" in request.path else ""
        if request.method == "DELETE":
            if name not in self.forms:
                return answer({}, 404)
            self.forms.remove(name)
            return answer(None, 204)
        if self.refuses:
            return answer({}, 400)
        self.forms.append(f"f{len(self.forms) + 1}")
        return answer({"form_id": self.forms[-1], "of": name}, 201, self.headers)


@pytest.mark.parametrize("path", ["/forms/f1/copies", "/forms"])
@pytest.mark.parametrize("headers", [None, {"Location": "/forms/f2"}])
def test_what_one_side_made_is_deleted(path: str, headers: Mapping[str, str] | None) -> None:
    """Also where it is another resource than the one that it was made of."""
    ours, theirs = Forms(refuses=True), Forms(headers=headers)
    both, _ = exchanger(ours, theirs, paths=PATHS)
    both.send(Request("POST", path))
    assert ours.forms == theirs.forms == ["f1"]
