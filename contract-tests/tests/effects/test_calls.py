"""Calls to other services are compared, also if all responses are equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.orders_server import DOCUMENT, FAULTS, orders
from fixtures.orders_services import Services, services
from fixtures.walks import walk

from lockstep.cli import main
from lockstep.matching.rules import Rule
from lockstep.transport.targets import Target

_CHARGE = "calls POST http://others/v2/charges"
_MAIL = "calls POST http://others/messages"
# The place where each fault shows, and a part of its sentence.
SIGNS = {
    "no_mail": ("placeOrder", _MAIL, "0 calls to"),
    "mail_twice": ("placeOrder", _MAIL, "2 calls to"),
    "other_template": ("placeOrder", f"{_MAIL} body /template", '"reminder" in new, but "placed"'),
    "mail_to": ("placeOrder", f"{_MAIL} body /to", "the member `to` of the call"),
    "mail_last_order": ("placeOrder", f"{_MAIL} body /order_id", "the member `order_id`"),
    "copy": ("placeOrder", f"{_CHARGE} body /email", "member `email` in new, but not in old"),
    "charged_twice": ("placeOrder", _CHARGE, "2 calls to"),
    "amount": ("placeOrder", f"{_CHARGE} body /amount", "the member `amount` of the call"),
    "currency": ("placeOrder", f"{_CHARGE} body /currency", '"USD" in new, but "EUR" in old'),
    "no_key": ("placeOrder", f"{_CHARGE} header idempotency-key", "in old, but not in new"),
    "one_key": ("placeOrder", f"{_CHARGE} header idempotency-key", "the header"),
    "no_credentials": ("placeOrder", f"{_CHARGE} header authorization", "in old, but not in new"),
    "scheme": ("placeOrder", f"{_CHARGE} header authorization", "is Token *** in new, but Bearer"),
    "other_credentials": ("placeOrder", f"{_CHARGE} header authorization", "(another) in new"),
    "old_endpoint": ("placeOrder", f"{_CHARGE} url", "/v1/charges` is called in new"),
    "form": ("placeOrder", f"{_CHARGE} header content-type", "x-www-form-urlencoded in new"),
    "no_refund": ("cancelOrder", f"{_CHARGE}/*/refunds", "0 calls to"),
    "refund_first": ("cancelOrder", f"{_CHARGE}/*/refunds url", "is called in new"),
    "no_rate": ("placeOrder", "calls GET http://others/rates/EUR", "0 calls to"),
    "audit": ("placeOrder", "calls POST http://others/audit", "1 call to"),
    "no_charge_id": ("placeOrder", "rows orders.charge", "is null in new"),
    "no_payment": ("placeOrder", "rows payments", "0 rows inserted into"),
    "payment_amount": ("placeOrder", "rows payments.amount", "column `payments.amount` is"),
    "payment_stays": ("cancelOrder", "rows payments.status", "is changed in old"),
}


@pytest.fixture
def others() -> Iterator[Services]:
    """The payment and the mail service."""
    with services() as running:
        yield running


def stores(folder: Path) -> tuple[str, str]:
    """Return the URLs of two SQLite files that do not exist yet."""
    return f"sqlite:///{folder}/left.db", f"sqlite:///{folder}/right.db"


def test_two_sound_servers_make_equal_calls(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url) as targets:
        report = walk(DOCUMENT, targets)
    assert report["verdict"] == "alike", report["findings"]
    assert report["not_judged"] == [
        f"{name}: its SQL statements are not counted: only PostgreSQL reports them"
        for name in ("old", "new")
    ]
    assert others.count("Old") > 5
    assert others.count("New") == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_call_is_found(fault: str, tmp_path: Path, others: Services) -> None:
    operation, where, said = SIGNS[fault]
    with orders(*stores(tmp_path), others.url, fault) as targets:
        (found,) = walk(DOCUMENT, targets)["findings"]
    assert (found["category"], found["class"]) == ("effects", "effects")
    assert found["operation"] == operation
    assert found["where"].replace(others.url, "http://others") == where
    assert said in found["sentence"]
    assert found["reproduced"], found
    assert others.count("New") == 0
    assert "Horse-7" not in str(found)


def test_responses_alone_do_not_show_the_faults(tmp_path: Path, others: Services) -> None:
    faults = (*FAULTS, "statement_each")
    with orders(*stores(tmp_path), others.url, *faults, watched=False) as targets:
        report = walk(DOCUMENT, targets)
    assert report["verdict"] == "alike", report["findings"]
    assert others.count("New") > 0


def test_two_faults_are_two_findings(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url, "currency", "no_refund") as targets:
        findings = walk(DOCUMENT, targets)["findings"]
    assert sorted(one["where"].replace(others.url, "") for one in findings) == [
        "calls POST /v2/charges body /currency",
        "calls POST /v2/charges/*/refunds",
    ]


def test_a_call_that_changes_each_time_is_noise(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url, "greeting") as targets:
        report = walk(DOCUMENT, targets)
    assert report["verdict"] == "alike", report["findings"]
    noise = {one["where"].replace(others.url, "") for one in report["noise"]}
    assert noise == {"calls POST /messages body /greeting"}


def test_a_mail_sent_after_the_response_is_awaited(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url, "late") as targets:
        report = walk(DOCUMENT, targets)
    assert report["verdict"] == "alike", report["findings"]


def test_a_configuration_names_the_proxies(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url, "currency") as targets:
        report = run_with_proxies(targets, tmp_path)
    (found,) = report["findings"]
    assert found["where"] == f"calls POST {others.url}/v2/charges body /currency"
    made = found["steps"][-1]["calls"]
    assert {one["how"] for one in made["old"]} == {"passed on"}
    assert {one["how"] for one in made["new"]} == {"answered from the recording"}
    assert others.count("New") == 0


def test_a_rule_can_ignore_a_member(tmp_path: Path, others: Services) -> None:
    where = "calls POST */v2/charges body /currency"
    rule = Rule("*", where, "ignore", "the shop has moved")
    with orders(*stores(tmp_path), others.url, "currency") as targets:
        report = walk(DOCUMENT, targets, rule)
    assert report["verdict"] == "alike", report["findings"]


def test_a_target_without_a_proxy_is_reported(tmp_path: Path, others: Services) -> None:
    with orders(*stores(tmp_path), others.url) as targets:
        targets[1].outbound = None
        report = walk(DOCUMENT, targets)
    said = "calls to other services are not compared: not every target has a proxy"
    assert said in report["not_judged"]


def run_with_proxies(targets: list[Target], folder: Path) -> dict[str, Any]:
    """Return the report of `lockstep run` with a configuration of the proxies."""
    toml = "".join(
        f'[[targets]]\nname = "{each.name}"\nurl = "{each.base_url}"\n'
        f'[targets.effects]\nproxy = "127.0.0.1:{each.outbound.address[1]}"\n'
        for each in targets
        if each.outbound is not None
    )
    configuration = folder / "lockstep.toml"
    configuration.write_text(toml)
    options = ("--phase=examples", "--profile=quick", "--json=-")
    arguments = ["run", str(DOCUMENT), f"--config={configuration}", *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report
