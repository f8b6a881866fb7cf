"""Caddy, through its admin API (https://caddyserver.com/docs/api)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from lockstep.cutover.plan import RouterPlan, Sticky
from lockstep.cutover.routers.shares import RouterError, share_of, weights

_SECONDS = 10.0
# Retries if someone else changed the configuration between reading and writing.
_ATTEMPTS = 3
_PRECONDITION_FAILED = 412


@dataclass(frozen=True, slots=True)
class _Place:
    """A `reverse_proxy` handler: its path in the configuration, and the entity tag."""

    path: str
    handler: dict[str, Any]
    tag: str

    @property
    def dials(self) -> list[str]:
        return [each.get("dial", "") for each in self.handler.get("upstreams", ())]


class Caddy:
    """Sets the weights of the only `reverse_proxy` handler with all upstreams of the plan.

    A sticky plan adds a `cookie` policy over the weights. Its secret changes with each share, so
    that users are reassigned, and none stays on a target without a share.
    """

    def __init__(self, plan: RouterPlan, old: str, new: str, sticky: Sticky | None) -> None:
        self._admin = plan.admin
        self._old, self._new = set(plan.upstreams[old]), set(plan.upstreams[new])
        self._order = [*plan.upstreams[old], *plan.upstreams[new]]
        self._sticky = sticky
        self._session = requests.Session()
        # Admin addresses are not accessed through `HTTP_PROXY`.
        self._session.trust_env = False

    def share(self) -> float | None:
        """Return the share given by the weights; `None` if another policy is active."""
        return self._share(self._find())

    def move(self, percent: float) -> None:
        """Set the weights, and verify them."""
        for _ in range(_ATTEMPTS):
            place = self._find()
            if self._write(place, self._policy(percent, place.dials)):
                break
        else:
            raise RouterError(f"{self._admin}: the configuration keeps changing; retry later")
        found = self.share()
        if found != percent:
            raise RouterError(f"{self._admin}: {percent:g} % was set, but Caddy has {found} %")

    def configuration(self, percent: float) -> str:
        """Return the `selection_policy` of the handler, as JSON."""
        return json.dumps(self._policy(percent, self._order), indent=2) + "\n"

    def _policy(self, percent: float, dials: list[str]) -> dict[str, Any]:
        each_old, each_new = weights(percent, len(self._old), len(self._new))
        weighted = {
            "policy": "weighted_round_robin",
            "weights": [each_new if dial in self._new else each_old for dial in dials],
        }
        if self._sticky is None or percent in (0, 100):
            return weighted
        return {
            "policy": "cookie",
            "name": self._sticky.name,
            "secret": secrets.token_hex(16),
            "fallback": weighted,
        }

    def _share(self, place: _Place) -> float | None:
        policy = place.handler.get("load_balancing", {}).get("selection_policy", {})
        if policy.get("policy") == "cookie":
            policy = policy.get("fallback", {})
        if policy.get("policy") != "weighted_round_robin":
            return None
        try:
            return share_of(policy.get("weights", ()), [dial in self._new for dial in place.dials])
        except ValueError as error:
            raise RouterError(f"{self._admin}{place.path}: {error}") from error

    def _find(self) -> _Place:
        answer = self._ask("GET", "/config/")
        places = [
            (path, handler)
            for path, handler in _handlers(answer.json(), "/config")
            if self._old | self._new
            == {each.get("dial", "") for each in handler.get("upstreams", ())}
        ]
        if len(places) != 1:
            count = "no" if not places else "more than one"
            raise RouterError(
                f"{self._admin}: {count} reverse_proxy has exactly the upstreams "
                f"{', '.join(self._order)}"
            )
        path, handler = places[0]
        return _Place(path, handler, answer.headers.get("Etag", ""))

    def _write(self, place: _Place, policy: dict[str, Any]) -> bool:
        """Set the policy. Returns false if the configuration has changed since it was read."""
        has_block = "load_balancing" in place.handler
        path = f"{place.path}/load_balancing" + ("/selection_policy" if has_block else "")
        body = policy if has_block else {"selection_policy": policy}
        headers = {"If-Match": place.tag} if place.tag else {}
        answer = self._ask("POST", path, json=body, headers=headers)
        return answer.status_code != _PRECONDITION_FAILED

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        try:
            answer = self._session.request(
                method, self._admin + path, timeout=_SECONDS, allow_redirects=False, **options
            )
        except requests.RequestException as error:
            raise RouterError(
                f"{self._admin}: no response ({type(error).__name__}): is it Caddy's admin address?"
            ) from error
        if answer.status_code not in (200, _PRECONDITION_FAILED):
            text = " ".join(answer.text.split())[:300]
            raise RouterError(f"{self._admin}{path}: returned {answer.status_code}: {text}")
        return answer


def _handlers(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield all `reverse_proxy` handlers in a part of a configuration, with their paths."""
    if isinstance(node, dict):
        if node.get("handler") == "reverse_proxy":
            yield path, node
        for name, value in node.items():
            yield from _handlers(value, f"{path}/{name}")
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from _handlers(value, f"{path}/{at}")
