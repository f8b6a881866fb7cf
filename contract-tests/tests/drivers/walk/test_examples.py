"""What never succeeds is tried with resources that are as the document's examples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.results.findings import PARITY
from lockstep.transport.messages import Outcome, Request

TEXT = {"type": "string"}
ID = {"name": "form_id", "in": "path", "required": True, "schema": TEXT}
SLUG = {"name": "slug", "in": "path", "required": True, "schema": TEXT}
FORM = {
    "type": "object",
    "required": ["title"],
    "properties": {"title": TEXT, "questions": {"type": "array", "items": TEXT}},
}
SHOWN = {"type": "object", "properties": {"id": TEXT, "slug": TEXT, "state": TEXT}}


def operation(name: str, status: str, body: Any = None, *parameters: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": SHOWN}}
    responses = {status: {"description": "done", "content": content}}
    found: dict[str, Any] = {"operationId": name, "responses": responses}
    found |= {"parameters": [*parameters]} if parameters else {}
    if body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": body}}
    return found


ANSWERS = {"type": "object", "required": ["answers"], "properties": {"answers": {"type": "object"}}}
PATHS: dict[str, Any] = {
    "/forms": {
        "post": operation(
            "makeForm",
            "201",
            {"schema": FORM, "example": {"title": "Lunch", "questions": ["dish", "drink"]}},
        )
    },
    "/forms/{form_id}": {"get": operation("getForm", "200", None, ID)},
    "/forms/{form_id}/publish": {"post": operation("publishForm", "200", None, ID)},
    "/forms/{form_id}/copies": {"post": operation("copyForm", "201", None, ID)},
    "/public/{slug}": {"get": operation("readForm", "200", None, SLUG)},
    "/public/{slug}/answers": {
        "post": operation(
            "answerForm",
            "201",
            {"schema": ANSWERS, "example": {"answers": {"dish": "Curry", "drink": "Tea"}}},
            SLUG,
        )
    },
}


class Forms:
    """A server of forms that others find by their slug once they are published.

    A form without questions cannot be published, and has to be answered in full. With `forgets` it
    does not count its answers.
    """

    def __init__(self, *, forgets: bool) -> None:
        self.forgets = forgets
        self.forms: dict[str, dict[str, Any]] = {}
        self.answered = 0

    def __call__(self, request: Request) -> Outcome:
        sent = json.loads(request.body) if request.body else None
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["forms"] if isinstance(sent, dict) and isinstance(sent["title"], str):
                return answer(self._add(sent.get("questions") or []), 201)
            case "POST", ["forms", name, "copies"] if name in self.forms:
                return answer(self._add(self.forms[name]["questions"]), 201)
            case "POST", ["forms", name, "publish"] if name in self.forms:
                return self._publish(self.forms[name])
            case "GET", ["forms", name] if name in self.forms:
                return answer(self.forms[name])
            case "GET", ["public", slug] if (form := self._public(slug)) is not None:
                return answer({"slug": slug, "questions": form["questions"]})
            case "POST", ["public", slug, "answers"] if (form := self._public(slug)) is not None:
                return self._answer(form, sent)
        return answer({"error": "unknown"}, 404)

    def _add(self, questions: list[str]) -> dict[str, Any]:
        number = len(self.forms) + 100
        form = {"id": f"form-{number}", "slug": f"slug-{number}", "state": "draft"}
        self.forms[form["id"]] = {**form, "questions": questions, "count": 0}
        return self.forms[form["id"]]

    def _publish(self, form: dict[str, Any]) -> Outcome:
        if not form["questions"] or form["state"] == "public":
            return answer({"error": "no questions, or public"}, 409)
        form["state"] = "public"
        return answer(form)

    def _public(self, slug: str) -> dict[str, Any] | None:
        found = (form for form in self.forms.values() if form["slug"] == slug)
        return next((form for form in found if form["state"] == "public"), None)

    def _answer(self, form: dict[str, Any], sent: Any) -> Outcome:
        answers = sent.get("answers") if isinstance(sent, dict) else None
        if not isinstance(answers, dict) or answers.keys() != set(form["questions"]):
            return answer({"error": "not these questions"}, 422)
        self.answered += 1
        form["count"] += 0 if self.forgets else 1
        return answer({"id": f"answer-{self.answered}", "state": "stored"}, 201)


@pytest.mark.parametrize("forgets", [True, False])
def test_answers_to_a_form_found_by_its_slug_are_tried(*, forgets: bool) -> None:
    honest, other = Forms(forgets=False), Forms(forgets=forgets)
    both, _ = exchanger(honest, other, paths=PATHS)

    walk(both, None, lambda *_: None)

    assert honest.answered
    findings = (each for each in both.ledger.findings.all() if each.category == PARITY)
    found = {f"{each.operation} {each.where}" for each in findings}
    assert found == ({"getForm body /count"} if forgets else set())
