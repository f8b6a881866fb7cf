"""Forged values: genuine tokens, cursors and entity tags, sent back with one part changed."""

import base64
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockstep.drivers.traps.normalize import masked_answer
from lockstep.results.findings import TRAP, Finding
from lockstep.run import Run
from lockstep.transport.messages import NoResponse, Outcome, Request, status_of
from lockstep.transport.targets import Target
from testbed.log_in import log_in
from testbed.servers import TEST_SETTINGS

_LISTS = ("/api/v1/tasks", "/api/v1/time-entries", "/api/v1/tasks?sort=due_at")
_OTHER_VALUES: tuple[Any, ...] = (None, True, 0, 1.5, "", "x", [], {})
_REFUSED = (400, 401, 422)
# Tokens without a key id are verified with the current key (x-access-token).
_OPTIONAL = "header: without kid"
# Labels with this prefix end with the required status code.
_TAG = "a tag,"
_INVALID = 400


def send_forged(run: Run, targets: Sequence[Target]) -> None:
    """Send forgeries of each server's own values to it; the responses must be the same."""
    tokens = {target.name: log_in(target.base_url) for target in targets}
    with run.stage("forged on the inside", targets):
        _compare(run, targets, {each.name: _tokens(tokens[each.name]) for each in targets})
        for path in _LISTS:
            forged = {each.name: _cursors(each, path, tokens[each.name]) for each in targets}
            _compare(run, targets, forged)
        forged = {each.name: _tagged(each, tokens[each.name]) for each in targets}
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
        responses = {name: masked_answer(outcome) for name, outcome in outcomes.items()}
        # An additional claim is harmless; another header, or another spelling of a sent value, is
        # not.
        must_be_refused = how != _OPTIONAL and (how.startswith("header") or "spelling" in how)
        taken = {
            name: responses[name]
            for name, one in outcomes.items()
            if status_of(one) not in _REFUSED
        }
        wrong = taken if must_be_refused else {}
        if how.startswith(_TAG):
            # The standard defines the result.
            wanted = int(how.rpartition(" ")[2])
            wrong = {
                name: responses[name] for name, one in outcomes.items() if status_of(one) != wanted
            }
        if not wrong and len(set(responses.values())) > 1:
            wrong = responses
        if wrong:
            run.ledger.findings.add(Finding(TRAP, "forged", TRAP, how, tuple(wrong), wrong))
        run.ledger.exchanges += 1
        run.ledger.requests += len(targets)
        run.reporter.progress(how, run.ledger.exchanges, None)


def _tokens(token: str) -> Iterator[tuple[str, Request]]:
    """Yield requests with tokens that have the right key, but wrong parts."""
    head, body = (json.loads(_decoded(part)) for part in token.split(".")[:2])
    kinds = {"b64": False, "crit": ["b64"], "kid": "1", "typ": "at+jwt", "alg": "none"}
    heads = [(f"header {name}={value!r}", {**head, name: value}) for name, value in kinds.items()]
    for how, other in (*heads, *(_varied(head, "header"))):
        yield how, _request("/api/v1/users/me", _signed(other, body))
    for how, other in _varied(body, "claim"):
        yield how, _request("/api/v1/users/me", _signed(head, other))


def _cursors(target: Target, path: str, token: str) -> Iterator[tuple[str, Request]]:
    """Yield requests with changed cursors of a list."""
    first = f"{path}{'&' if '?' in path else '?'}limit=1"
    answer = target.send(_request(first, token))
    if isinstance(answer, NoResponse):
        return
    content = json.loads(_decoded(json.loads(answer.body)["next_cursor"]))
    for how, other in (*_varied(content, path), *_respelled(content, path)):
        yield how, _request(f"{first}&cursor={_encoded(other)}", token)
    spaced = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    yield f"{path}: spaces, another spelling", _request(f"{first}&cursor={spaced}", token)


def _tagged(target: Target, token: str) -> Iterator[tuple[str, Request]]:
    """Yield requests with changed entity tags of a task, and the status code each must return.

    If-Match uses the strong comparison (RFC 9110, section 13.1.1), If-None-Match the weak one
    (section 13.1.2).
    """
    (task,) = json.loads(_body(target.send(_request("/api/v1/tasks?limit=1", token))))["data"]
    path = f"/api/v1/tasks/{task['id']}"
    before = target.send(_request(path, token))
    old = _tag_of(before)
    # This changes the entity tag.
    change = json.dumps({"title": f"{task['title']} "}).encode()
    target.send(_change(path, token, old, change))
    for number in range(len(forged_tags(old, old))):
        tag = _tag_of(target.send(_request(path, token)))
        how, text, is_strong, is_weak = forged_tags(tag, old)[number]
        status = _INVALID if is_weak is None else 304 if is_weak else 200
        asked = _request(path, token).with_header("If-None-Match", text)
        yield f"{_TAG} If-None-Match: {how}: {status}", asked
        status = _INVALID if is_strong is None else 200 if is_strong else 412
        yield f"{_TAG} If-Match: {how}: {status}", _change(path, token, text, change)


def forged_tags(tag: str, old: str) -> list[tuple[str, str, bool | None, bool | None]]:
    """Return condition values made from a resource's entity tag and an older one.

    Each has a description, and whether it matches strongly and weakly; None for an invalid one.
    """
    inside = tag.strip('"')
    return [
        ("the tag", tag, True, True),
        ("the older one", old, False, False),
        ("weak", f"W/{tag}", False, True),
        ("weak, in lower case", f"w/{tag}", None, None),
        ("weak and strong", f"W/{tag}, {tag}", True, True),
        ("weak, and an older one", f"W/{tag}, {old}", False, True),
        ("in upper case", tag.upper(), False, False),
        ("without quotes", inside, None, None),
        ("in single quotes", f"'{inside}'", None, None),
        ("one quote missing", tag[:-1], None, None),
        ("a letter less", f'"{inside[:-1]}"', False, False),
        ("a letter more", f'"{inside}0"', False, False),
        ("a space inside", f'"{inside} "', None, None),
        ("empty", '""', False, False),
        ("a comma inside, then the tag", f'"a,b", {tag}', True, True),
        ("the tag inside another", f'"x,{inside}"', False, False),
        ("among others", f'"a", {tag}, "b"', True, True),
        ("without a space", f'"a",{tag}', True, True),
        ("without a comma", f'"a" {tag}', None, None),
        ("spaces around commas", f'"a" \t,  {tag}', True, True),
        ("twice", f"{tag}, {tag}", True, True),
        ("an asterisk", "*", True, True),
        ("an asterisk in quotes", '"*"', False, False),
        ("an asterisk and the tag", f"*, {tag}", None, None),
        ("the tag and an asterisk", f"{tag}, *", None, None),
        ("a weak asterisk", "W/*", None, None),
        ("with a suffix of a proxy", f'"{inside}-gzip"', False, False),
        ("the older one and the tag", f"{old}, {tag}", True, True),
    ]


def _change(path: str, token: str, tag: str, body: bytes) -> Request:
    plain = _request(path, token)
    headers = (*plain.headers, ("If-Match", tag), ("Content-Type", "application/json"))
    return Request("PATCH", path, headers, body)


def _tag_of(outcome: Outcome) -> str:
    tag = None if isinstance(outcome, NoResponse) else outcome.header("etag")
    assert tag is not None
    return tag


def _body(outcome: Outcome) -> bytes:
    return b"{}" if isinstance(outcome, NoResponse) else outcome.body


def _varied(content: Any, what: str) -> Iterator[tuple[str, Any]]:
    """Yield each member or item removed or with another type, and one with an additional member."""
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
    """Yield instants and ids in another spelling."""
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
