"""Redaction: secrets that servers leak or clients send are masked everywhere in every report."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from fixtures.reports import exchange, verdict_of
from rich.console import Console

from lockstep.matching import Difference
from lockstep.report.data import as_data
from lockstep.report.forms import FORMS
from lockstep.report.redact import MASK
from lockstep.report.secret_names import is_secret_form, is_secret_header, is_secret_name
from lockstep.report.steps import Data
from lockstep.report.terminal import print_report
from lockstep.transport.messages import Outcome, Request, Response
from lockstep.verdict import Verdict

JSON = (("Content-Type", "application/json"),)
HASH = "a0544e87416dd952f40ab3384d34badc0f89cd3f37109d39"
LONG = "sesame-" * 30


def answered(request: Request, old: object, new: object, *differences: Difference) -> Verdict:
    """The verdict on one request with the responses of both targets."""
    answers: dict[str, Outcome] = {
        "old": Response(201, JSON, json.dumps(old).encode()),
        "new": Response(201, JSON, json.dumps(new).encode()),
    }
    return verdict_of(exchange(request, answers, *differences))


def leak(member: str, value: object) -> Verdict:
    """The verdict on a new target that returns a property that the old one does not."""
    request = Request("POST", "/notes", JSON, b'{"text": "one"}')
    difference = Difference("extra", f"body /deep/0/{member}", "absent", json.dumps(value))
    return answered(request, {"deep": [{}]}, {"deep": [{member: value}]}, difference)


def terminal(data: Data) -> str:
    text = StringIO()
    print_report(data, Console(file=text, width=120))
    return text.getvalue()


REPORTS: dict[str, Callable[[Data], str]] = {**FORMS, "terminal": terminal}


@pytest.mark.parametrize("form", list(REPORTS))
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("passwordHash", HASH),
        ("password", "ab"),
        ("hash", HASH),
        ("api_key", 'it\'s {"quoted"}'),
        ("refreshToken", LONG),
        ("note", "$2b$12$KIXQ4u1x9r1mFh3Hn5p3vOe2Zc7yq1Wb8s9t0u1v2w3x4y5z6a7b8"),
        ("secret", {"inner": [HASH]}),
    ],
)
def test_leaked_property_is_masked_in_every_report(form: str, member: str, value: object) -> None:
    text = REPORTS[form](as_data(leak(member, value)))
    shown = value if isinstance(value, str) else HASH
    assert f'"{shown}"' not in text
    assert shown[:20] not in text or len(shown) < 6
    assert MASK in text


@pytest.mark.parametrize("form", list(REPORTS))
def test_show_secrets_disables_masking(form: str) -> None:
    assert HASH in REPORTS[form](as_data(leak("passwordHash", HASH), show_secrets=True))


def test_validation_message_about_a_password_is_not_masked() -> None:
    request = Request("POST", "/notes", JSON, b"{}")
    body = json.dumps({"errors": {"password": ["is missing"], "token": HASH}}).encode()
    answers: dict[str, Outcome] = {"old": Response(422, JSON, body), "new": Response(500)}
    verdict = verdict_of(exchange(request, answers, Difference("status", "status", "422", "500")))
    (finding,) = as_data(verdict)["findings"][:1]
    shown = finding["steps"][0]["outcomes"]["old"]["body"]["text"]
    assert shown == '{"errors": {"password": ["is missing"], "token": "***"}}'
    assert "a server is missing" in finding["script"]


def test_digest_in_both_responses_is_not_masked() -> None:
    request = Request("POST", "/notes", JSON, b'{"text": "one"}')
    difference = Difference("value", "body /hash", f'"{HASH}"', '"0"')
    verdict = answered(request, {"hash": HASH}, {"hash": "0"}, difference)
    (finding,) = as_data(verdict)["findings"]
    assert finding["values"]["old"] == f'"{HASH}"'


def signed_in() -> list[Data]:
    """The steps of a finding: a log-in, and a request with its token."""
    log_in = Request("POST", "/sessions", JSON, b'{"password": "Correct-Horse-7"}')
    steps = []
    for request, body in (
        (log_in, {"token": "{0}-0123456789"}),
        (Request("GET", "/notes", (("Authorization", "Bearer old-0123456789"),)), {}),
    ):
        answers: dict[str, Outcome] = {
            target: Response(
                200,
                (*JSON, ("Set-Cookie", f"sid={target}-cookie; Path=/")),
                json.dumps({name: text.format(target) for name, text in body.items()}).encode(),
            )
            for target in ("old", "new")
        }
        steps.append(exchange(request, answers, Difference("value", "body /x", "1", "2")))
    verdict = verdict_of(steps[-1])
    verdict.findings[0].sequence = steps
    (finding,) = as_data(verdict)["findings"]
    found: list[Data] = finding["steps"]
    return found


def test_masked_token_is_numbered_consistently() -> None:
    first, second = signed_in()
    assert first["outcomes"]["old"]["body"]["text"] == '{"token": "***1"}'
    assert second["requests"]["old"]["headers"] == [["Authorization", "Bearer ***1"]]
    assert "'Authorization: Bearer ***1'" in second["curl"]["old"]
    assert ["Set-Cookie", "sid=***; Path=/"] in first["outcomes"]["new"]["headers"]


def test_generated_credentials_are_not_masked() -> None:
    first, _ = signed_in()
    assert "Correct-Horse-7" in first["curl"]["old"]


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("accessToken", True),
        ("password_hash", True),
        ("apiKey", True),
        ("session_id", True),
        ("client-secret", True),
        ("token_type", False),
        ("nextPageToken", False),
        ("expires_in", False),
        ("hashtags", False),
        ("hash", False),
        ("key", False),
        ("", False),
    ],
)
def test_secret_property_names(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_hash_is_a_secret_if_only_one_side_returns_it() -> None:
    assert is_secret_name("hash", leaked=True)


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "X-CSRF-Token"])
def test_secret_header_names(name: str) -> None:
    assert is_secret_header(name)


@pytest.mark.parametrize("value", ["Bearer", "2026-11-28", "$5 off", "eyJ"])
def test_ordinary_values_are_not_secrets(value: str) -> None:
    assert not is_secret_form(value)
