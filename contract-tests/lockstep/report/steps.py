"""The steps of a finding as data: the requests to each target, and the responses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from lockstep.effects.calls.call import Recorded
from lockstep.matching import Difference
from lockstep.openapi.conformance import Violation
from lockstep.report.curl import curl
from lockstep.results.exchange import Exchange
from lockstep.transport.downloads import whole
from lockstep.transport.messages import NoResponse, Outcome, Request, Response

# Longer response bodies are truncated; requests are complete, so that they can be sent again.
MAX_ANSWER = 65_536

Data = dict[str, Any]


def step_data(exchange: Exchange) -> Data:
    """Return one exchange as data; `request` has the leader's names."""
    effects = {
        name: [_difference(one) for one in found]
        for name, found in exchange.effects.items()
        if found
    }
    curl_options = {name: list(each) for name, each in exchange.curl_options.items() if each}
    calls = {
        name: [_call(one) for one in made] for name, made in exchange.done.calls.by_target.items()
    }
    return {
        "operation": exchange.label,
        "actor": exchange.request.actor,
        "request": _request(exchange.request),
        "requests": _each(exchange.requests, _request),
        "outcomes": _each(exchange.outcomes, _outcome),
        "addresses": {name: exchange.addresses[name] for name in exchange.requests},
        "curl": {
            name: curl(request, exchange.addresses[name], exchange.curl_options.get(name, ()))
            for name, request in exchange.requests.items()
        },
        "differences": {
            name: [_difference(one) for one in found]
            for name, found in exchange.differences.items()
        },
        **({"at_once": True} if exchange.at_once else {}),
        **({"curl_options": curl_options} if curl_options else {}),
        **({"effects": effects} if effects else {}),
        **({"calls": calls} if calls else {}),
        "violations": {
            name: [_violation(one) for one in found] for name, found in exchange.violations.items()
        },
    }


def _each(items: Mapping[str, Any], convert: Any) -> Data:
    return {name: convert(item) for name, item in items.items()}


def _request(request: Request) -> Data:
    return {
        "method": request.method,
        "path": request.path,
        "headers": [list(pair) for pair in request.headers],
        "body": _body(request.body) if request.body is not None else None,
        **({"from_root": True} if request.from_root else {}),
    }


def _outcome(outcome: Outcome) -> Data:
    if isinstance(outcome, NoResponse):
        return {"failure": outcome.reason, "detail": outcome.detail}
    return {
        "status": outcome.status,
        "headers": [list(pair) for pair in outcome.headers],
        "body": _answer(outcome),
    }


def _answer(response: Response) -> Data:
    """Return the text of a response body; for other bodies, their length and digest."""
    body = response.body
    if response.whole is None and _is_text(body):
        if len(body) <= MAX_ANSWER:
            return {"text": body.decode()}
        return {"text": body[:MAX_ANSWER].decode("utf-8", "ignore"), "cut": len(body)}
    known = response.whole or whole(body)
    return {"text": "", "cut": known.length, "sha256": known.sha256}


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _body(body: bytes) -> Data:
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _call(made: Recorded) -> Data:
    """Return a call to another service: its place, how it was answered, and with what status."""
    status = made.answer.status if made.answer is not None else None
    return {"call": made.call.place, "how": made.how, "status": status}


def _difference(difference: Difference) -> Data:
    return {
        "kind": difference.kind,
        "where": difference.where,
        "left": difference.left,
        "right": difference.right,
    }


def _violation(violation: Violation) -> Data:
    return {"kind": violation.kind, "where": violation.where, "detail": violation.detail}
