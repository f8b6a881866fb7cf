"""Two third-party APIs, by their documents alone: each difference is found, and no other.

The implementations differ in noise, too: first ids, clocks, random values, the order of header
fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.blog_state import FAULTS as BLOG_FAULTS
from fixtures.flask_servers import Variant, pair, serve
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed
from fixtures.shed_state import FAULTS as SHED_FAULTS
from flask import Flask

from lockstep.cli import main
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

NEWCOMER = {"username": "zed", "email": "zed@example.com", "password": "Correct-Horse-7"}
Make = Callable[[Variant], Flask]
APIS: dict[str, tuple[Make, Path]] = {"blog": (make_blog, BLOG), "shed": (make_shed, SHED)}
# The first request that shows a difference: its operation, and the place. A difference in many
# operations is named after the first one that shows it.
SIGNS = {
    ("blog", "limit"): ("GET /articles", "body /articles"),
    ("blog", "count"): ("GET /articles", "body /articlesCount"),
    ("blog", "order"): ("GET /articles", "body /articles"),
    ("blog", "offset"): ("GET /articles", "body /articles"),
    ("blog", "leak"): ("POST /users", "body /user/passwordHash"),
    ("blog", "absent"): ("POST /users", "body /user/bio"),
    ("blog", "float"): ("CreateArticle", "body /article/favoritesCount"),
    ("blog", "zulu"): ("CreateArticle", "body /article/createdAt"),
    ("blog", "foreign"): ("UpdateArticle", "status"),
    ("blog", "blank"): ("CreateArticle", "status"),
    ("blog", "lost_update"): ("UpdateArticle", "body /article/body"),
    ("blog", "lost_delete"): ("GetArticle", "status"),
    ("blog", "unicode"): ("CreateArticle", "status"),
    ("blog", "slug_case"): ("CreateArticle", "body /article/slug"),
    ("blog", "comment_author"): ("POST /articles/{slug}/comments", "body /comment/author"),
    ("blog", "favorite_twice"): ("Favorite", "body /article/favoritesCount"),
    ("blog", "location"): ("CreateArticle", "header location"),
    ("blog", "same_id"): ("POST /articles/{slug}/comments", "body /comment/id"),
    ("blog", "seconds"): ("CreateArticle", "body /article/createdAt"),
    ("shed", "http_only"): ("POST /session", "header set-cookie shed_session httponly"),
    ("shed", "same_site"): ("POST /session", "header set-cookie shed_session samesite"),
    ("shed", "next_link"): ("list-tools", "body /links/next"),
    ("shed", "null_patch"): ("change-tool", "body /note"),
    ("shed", "upper_ids"): ("lend", "body /id"),
    ("shed", "weak_tag"): ("add-tool", "header etag"),
    ("shed", "stale_tag"): ("change-tool", "status"),
    ("shed", "lax_match"): ("change-tool", "status"),
    ("shed", "delete_body"): ("remove-tool", "status"),
    ("shed", "delete_twice"): ("remove-tool", "status"),
    ("shed", "return_twice"): ("give-back", "status"),
    ("shed", "offset"): ("sign-up", "body /joined"),
    ("shed", "total"): ("list-tools", "body /total"),
    ("shed", "coerce"): ("add-tool", "status"),
    ("shed", "float"): ("add-tool", "body /quantity"),
    ("shed", "foreign"): ("get-tool", "status"),
    ("shed", "owner"): ("add-tool", "body /owner_id"),
    ("shed", "location"): ("add-tool", "header location"),
    ("shed", "long_name"): ("add-tool", "status"),
    ("shed", "code"): ("POST /session", "body /error/code"),
    ("shed", "leak"): ("add-tool", "body /row"),
    ("shed", "per_page"): ("list-tools", "status"),
    ("shed", "lost_price"): ("change-tool", "body /price"),
    ("shed", "loan_order"): ("GET /loans", "body /loans"),
    ("shed", "open"): ("GET /loans", "body /loans"),
}
# Only intentionally invalid requests show these.
BY_INVALID_DATA = {("shed", "long_name"), ("shed", "code")}
# One for each of five members.
MANY = {("shed", "offset"): 5}


def compare(api: str, *faults: str, options: tuple[str, ...]) -> dict[str, Any]:
    """The report of `lockstep run` on a sound server and one with faults."""
    make, document = APIS[api]
    with pair(make, *faults) as targets:
        return run(document, targets, *options)


def run(document: Path, targets: list[Target], *options: str) -> dict[str, Any]:
    """The report of `lockstep run`."""
    urls = [f"--target={target.name}={target.base_url}" for target in targets]
    arguments = ["run", str(document), *urls, "--profile=quick", "--json=-", *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    report: dict[str, Any] = json.loads(result.stdout)
    assert report["exit_code"] == result.exit_code
    return report


def test_every_fault_has_an_expected_place() -> None:
    known = {("blog", name) for name in BLOG_FAULTS} | {("shed", name) for name in SHED_FAULTS}
    assert SIGNS.keys() == known


@pytest.mark.parametrize(("api", "fault"), list(SIGNS), ids=map("-".join, SIGNS))
def test_a_difference_is_found_and_reported_once(api: str, fault: str) -> None:
    phase = "coverage" if (api, fault) in BY_INVALID_DATA else "examples"
    report = compare(api, fault, options=(f"--phase={phase}",))
    # A finding of several operations is named after the one that shows it in the fewest steps.
    places = [(p["operation"], p["where"]) for one in report["findings"] for p in one["places"]]
    found = [(finding["operation"], finding["where"]) for finding in report["findings"]]
    assert report["exit_code"] == 1, report["problems"]
    assert SIGNS[api, fault] in (*found, *places)
    assert len(found) <= MANY.get((api, fault), 2), found


@pytest.mark.parametrize(
    ("api", "fault"),
    [("blog", "comment_author"), ("shed", "total")],
    ids=["a thing that another stage made", "a count of what others made"],
)
def test_evidence_is_reproduced_on_empty_servers(tmp_path: Path, api: str, fault: str) -> None:
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    report = compare(api, fault, options=())
    first.write_text(json.dumps(report))
    make, document = APIS[api]
    with pair(make, fault) as targets:
        urls = [f"--target={target.name}={target.base_url}" for target in targets]
        arguments = ["replay", str(first), str(document), *urls, "--finding=1", f"--json={again}"]
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1, result.output
    (finding,) = report["findings"]
    shown = [each["where"] for each in json.loads(again.read_text())["findings"]]
    assert finding["where"] in shown


@pytest.mark.parametrize(
    ("faults", "seed", "signs"),
    [
        (("leak", "foreign", "limit"), 3, {"extra", "length", "status"}),
        (("foreign", "unicode"), 0, {"status"}),
    ],
)
def test_several_faults_do_not_cause_other_findings(
    faults: tuple[str, ...], seed: int, signs: set[str]
) -> None:
    report = compare("blog", *faults, options=(f"--seed={seed}",))
    assert {finding["kind"] for finding in report["findings"]} == signs
    # Identifiers known to the old server only are not requested from the new one.
    places = {finding["operation"] for finding in report["findings"]}
    assert places <= {
        *("POST /users", "GET /articles", "UpdateArticle"),
        *("DELETE /articles/{slug}", "CreateArticle"),
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("api", list(APIS))
def test_servers_that_differ_in_noise_only_are_equal(api: str, seed: int) -> None:
    phases = ("--phase=coverage", "--phase=fuzzing", "--phase=stateful")
    report = compare(api, options=(f"--seed={seed}", *phases))
    assert report["findings"] == []
    assert (report["exit_code"], report["problems"]) == (0, [])
    assert report["notes"][-1].startswith("users: register by `POST /")


def test_the_differing_one_of_three_targets_is_named() -> None:
    odd = Variant(frozenset({"total"}), first_id=77, server="Third/3")
    with pair(make_shed) as targets, serve("third", make_shed, odd) as third:
        report = run(SHED, [*targets, third], "--phase=examples")
    (finding,) = report["findings"]
    assert (finding["operation"], finding["where"]) == ("list-tools", "body /total")
    assert finding["targets"] == ["old", "third"]


def test_a_token_for_each_target_is_sufficient_and_not_shown() -> None:
    with pair(make_blog) as targets:
        options = ["--phase=examples"]
        for target in targets:
            target.move(target.base_url + "/api")
            body = json.dumps({"user": NEWCOMER}).encode()
            headers = (("Content-Type", "application/json"),)
            answer = target.send(Request("POST", "/users", headers, body))
            assert isinstance(answer, Response)
            token = json.loads(answer.body)["user"]["token"]
            options += ["--target-header", target.name, f"Authorization: Token {token}"]
        report = run(BLOG, targets, *options)
    assert (report["exit_code"], report["findings"]) == (0, [])
    assert report["operations"]["CreateArticle"]["statuses"]["new"]["201"] > 0
    assert token not in json.dumps(report)


def test_unreachable_targets_are_reported_without_differences() -> None:
    with pair(make_blog) as targets:
        urls = [f"--target={target.name}={target.base_url}" for target in targets]
    result = CliRunner().invoke(main, ["run", str(BLOG), *urls])
    assert result.exit_code == 2
    assert [line.partition(": ")[2].partition(": ")[2] for line in result.stderr.splitlines()] == [
        "refused: nothing listens there: is it running, and is the port correct?"
    ] * 2
