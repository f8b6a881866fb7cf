"""A walk reads a resource by its last tag after a change inside of it."""

from __future__ import annotations

from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.transport.messages import Outcome, Request

TAGGED = {"description": "ok", "headers": {"ETag": {"schema": {"type": "string"}}}}
NAMED = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "string"}}
LABEL = {"name": "label", "in": "path", "required": True, "schema": {"type": "string"}}
NOTE = {"type": "object", "properties": {"note_id": {"type": "string"}}}
PATHS = {
    "/notes": {
        "post": {
            "operationId": "makeNote",
            "responses": {
                "201": {"description": "made", "content": {"application/json": {"schema": NOTE}}}
            },
        }
    },
    "/notes/{note_id}": {
        "parameters": [NAMED],
        "get": {"operationId": "getNote", "responses": {"200": TAGGED}},
    },
    "/notes/{note_id}/labels/{label}": {
        "parameters": [NAMED, LABEL],
        "put": {"operationId": "addLabel", "responses": {"204": {"description": "added"}}},
    },
}


class Notes:
    """A server of notes, whose tags change with their labels."""

    def __init__(self) -> None:
        self.labels: dict[str, set[str]] = {}
        # The tags that notes had before their last label.
        self.previous: dict[str, str] = {}
        self.asked_with_previous = 0

    def __call__(self, request: Request) -> Outcome:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["notes"]:
                name = f"note-{len(self.labels) + 1000}"
                self.labels[name] = set()
                return answer({"note_id": name}, 201)
            case "PUT", ["notes", name, "labels", label] if name in self.labels:
                self.previous[name] = self.tag(name)
                self.labels[name].add(label)
                return answer(None, 204)
            case "GET", ["notes", name] if name in self.labels:
                condition = request.header("if-none-match")
                self.asked_with_previous += condition == self.previous.get(name, "")
                if condition == self.tag(name):
                    return answer(None, 304, {"ETag": self.tag(name)})
                return answer({"note_id": name}, headers={"ETag": self.tag(name)})
        return answer({"error": "unknown"}, 404)

    def tag(self, name: str) -> str:
        return f'"v{len(self.labels[name])}"'


def test_a_resource_is_read_by_the_tag_that_it_had_before_a_change_inside_of_it() -> None:
    server = Notes()
    both, _ = exchanger(server, Notes(), paths=PATHS)
    walk(both, None, lambda *_: None)
    assert server.asked_with_previous == 1
