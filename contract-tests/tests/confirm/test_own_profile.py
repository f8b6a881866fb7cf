"""A write about oneself names nothing: the steps that show it are all that the user has done."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from fixtures.doors import OK, Door, api, body_of, by_header, doors
from fixtures.scripted import answer

from lockstep.auth.actors import ActorBook, ActorSpec, Call
from lockstep.confirm import Confirmer
from lockstep.confirm.budget import Budget
from lockstep.results.trace import KEPT_LATELY
from lockstep.transport.messages import Outcome, Request

JSON = ("Content-Type", "application/json")
PATHS = {
    "/me": {
        "patch": {
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": OK,
        }
    }
}


class Profiles:
    """Profiles with a contact, who has a name; `shallow` replaces it instead of merging it."""

    def __init__(self, *, shallow: bool) -> None:
        self.shallow = shallow
        self.contacts: dict[str, dict[str, Any]] = {}

    def answer(self, door: Door, request: Request) -> Outcome | None:
        user = door.tokens.get(door.reads(request) or "")
        if request.path != "/me" or request.method != "PATCH":
            return None
        if user is None:
            return answer({"error": "who?"}, 401)
        changed = body_of(request).get("contact")
        if not isinstance(changed, dict):
            return answer({})
        known = {} if self.shallow else self.contacts.get(user, {})
        contact = {**known, **changed}
        if "name" not in contact:
            return answer({"error": "a contact has a name"}, 422)
        self.contacts[user] = contact
        return answer(contact)


def test_a_change_of_oneself_that_depends_on_an_earlier_one_is_shown_again(tmp_path: Path) -> None:
    both = {"old": Profiles(shallow=False), "new": Profiles(shallow=True)}
    sender, _ = doors(
        tmp_path,
        api(paths=PATHS),
        by_header(),
        lambda door, sent: both[door.name].answer(door, sent),
    )
    account = {"username": "${actor}-${unique}", "password": "only the user knows"}
    calls = (Call("POST /login", account), Call("POST /users", account))
    spec = ActorSpec("alice", login=calls[0], register=calls[1], token="/token")
    book = ActorBook(sender, (spec,), random.Random(0), "nonce")
    notes = [{"note": f"n{number}"} for number in range(KEPT_LATELY)]
    for change in ({"contact": {"name": "a"}}, *notes, {"contact": {"phone": "1"}}):
        request = Request("PATCH", "/me", (JSON,), json.dumps(change).encode())
        sender.send(book.authorise(request, book.get("alice")))

    findings = sender.ledger.findings.all()
    (found,) = [each for each in findings if each.where == "status"]
    Confirmer(sender, Budget(200, 30), ("nonce",)).confirm([[found]])

    assert found.reproduced is True
    changes = [json.loads(each.request.body or b"{}") for each in found.sequence]
    assert {"contact": {"name": "a"}} in changes
