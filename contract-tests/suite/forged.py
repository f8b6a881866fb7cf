"""Forged on the inside: genuine tokens and cursors, taken apart, one part varied, sent back."""

import base64
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockstep.drivers.traps.normalize import masked_answer
from lockstep.results.findings import TRAP, Finding
from lockstep.run import Run
from lockstep.transport.messages import NoResponse, Request, status_of
from lockstep.transport.targets import Target
from testbed.log_in import log_in
from testbed.servers import TEST_SETTINGS

_LISTS = ("/api/v1/tasks", "/api/v1/time-entries", "/api/v1/tasks?sort=due_at")
_OTHER_VALUES: tuple[Any, ...] = (None, True, 0, 1.5, "", "x", [], {})
_REFUSED = (400, 401, 422)
# Tokens that name no key are verified with the current one (x-access-token).
_OPTIONAL = "header: without kid"


def send_forged(run: Run, targets: Sequence[Target]) -> None:
    """Send each forgery to each server, made of what that server gave; both must say the same."""
    tokens = {target.name: log_in(target.base_url) for target in targets}
    with run.stage("forged on the inside", targets):
        _compare(run, targets, {each.name: _tokens(tokens[each.name]) for each in targets})
        for path in _LISTS:
            forged = {each.name: _cursors(each, path, tokens[each.name]) for each in targets}
            _compare(run, targets, forged)


def _compare(
    run: Run, targets: Sequence[Target], forged: Mapping[str, Iterator[tuple[str, Request]]]
) -> None:
    for row in zip(*(forged[target.name] for target in targets), strict=True):
        how = row[0][0]
        outcomes = {
            target.name: target.send(request)
            for target, (_, request) in zip(targets, row, strict=True)
        }
        said = {name: masked_answer(outcome) for name, outcome in outcomes.items()}
        # A claim more is nobody's harm; another header, or another spelling of what one sent, is.
        must_be_refused = how != _OPTIONAL and (how.startswith("header") or "spelling" in how)
        taken = {
            name: said[name] for name, one in outcomes.items() if status_of(one) not in _REFUSED
        }
        wrong = taken if must_be_refused else {}
        if not wrong and len(set(said.values())) > 1:
            wrong = said
        if wrong:
            run.ledger.findings.add(Finding(TRAP, "forged", TRAP, how, tuple(wrong), wrong))
        run.ledger.exchanges += 1
        run.ledger.requests += len(targets)
        run.reporter.progress(how, run.ledger.exchanges, None)


def _tokens(token: str) -> Iterator[tuple[str, Request]]:
    """Requests with tokens that have the right key, but not the right parts."""
    head, body = (json.loads(_decoded(part)) for part in token.split(".")[:2])
    kinds = {"b64": False, "crit": ["b64"], "kid": "1", "typ": "at+jwt", "alg": "none"}
    heads = [(f"header {name}={value!r}", {**head, name: value}) for name, value in kinds.items()]
    for how, other in (*heads, *(_varied(head, "header"))):
        yield how, _request("/api/v1/users/me", _signed(other, body))
    for how, other in _varied(body, "claim"):
        yield how, _request("/api/v1/users/me", _signed(head, other))


def _cursors(target: Target, path: str, token: str) -> Iterator[tuple[str, Request]]:
    """Requests with cursors of a list, changed."""
    first = f"{path}{'&' if '?' in path else '?'}limit=1"
    answer = target.send(_request(first, token))
    if isinstance(answer, NoResponse):
        return
    content = json.loads(_decoded(json.loads(answer.body)["next_cursor"]))
    for how, other in (*_varied(content, path), *_respelled(content, path)):
        yield how, _request(f"{first}&cursor={_encoded(other)}", token)
    spaced = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    yield f"{path}: spaces, another spelling", _request(f"{first}&cursor={spaced}", token)


def _varied(content: Any, what: str) -> Iterator[tuple[str, Any]]:
    """Each member or item missing, of another kind, or beside one too many."""
    if isinstance(content, list):
        named: dict[str, Any] = {str(at): value for at, value in enumerate(content)}
        yield from ((how, list(other.values())) for how, other in _varied(named, what))
        return
    yield f"{what}: more", {**content, "more": 1}
    for name, value in content.items():
        kept = {other: content[other] for other in content if other != name}
        yield f"{what}: without {name}", kept
        for other in _OTHER_VALUES:
            if other != value:
                yield f"{what}: {name}={other!r}", {**content, name: other}


def _respelled(content: Any, what: str) -> Iterator[tuple[str, Any]]:
    """Instants and ids in another spelling."""
    members = content.items() if isinstance(content, dict) else enumerate(content)
    for name, value in members:
        if isinstance(value, str):
            spellings = {value.upper(), value.lower(), value.replace("Z", "+00:00"), f"{value} "}
            for number, spelling in enumerate(sorted(spellings - {value})):
                other = dict(content) if isinstance(content, dict) else list(content)
                other[name] = spelling
                yield f"{what}: {name} in another spelling ({number})", other


def _signed(head: Any, body: Any) -> str:
    signed = f"{_encoded(head)}.{_encoded(body)}"
    key = TEST_SETTINGS["SECRET_KEY"].encode()
    signature = base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256"))
    return f"{signed}.{signature.decode().rstrip('=')}"


def _encoded(content: Any) -> str:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _request(path: str, token: str) -> Request:
    return Request("GET", path, (("Authorization", f"Bearer {token}"),))
