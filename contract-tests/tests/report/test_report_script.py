"""The steps of a finding as a shell script, run against fresh servers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.blog_server import DOCUMENT as BLOG
from fixtures.blog_server import make_blog
from fixtures.flask_servers import Variant, new, old, serve
from fixtures.shed_server import DOCUMENT as SHED
from fixtures.shed_server import make_shed
from flask import Flask

from lockstep.exchange.exchanger import Exchanger
from lockstep.report.script import script
from lockstep.report.steps import step_data
from lockstep.results.exchange import Exchange
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="needs bash and curl"
)
JSON = ("Content-Type", "application/json")
USER = {"username": "zed00017", "email": "zed.00017@example.com", "password": "Correct-Horse-7"}
Send = Callable[..., Exchange]
Make = Callable[[Variant], Flask]


def sender(target: Target, document: Path) -> Send:
    """A function that sends JSON to one target and returns the exchange, without keeping it."""
    exchanger = Exchanger(Run(Settings(document=document)).ledger, [target])

    def send(method: str, path: str, body: object = None, **headers: str) -> Exchange:
        sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        if body is None:
            return exchanger.send(Request(method, path, sent))
        return exchanger.send(Request(method, path, (JSON, *sent), json.dumps(body).encode()))

    return send


def answer(exchange: Exchange) -> Response:
    assert isinstance(exchange.leader, Response)
    return exchange.leader


def played(steps: list[Exchange], make: Make, prefix: str = "", times: int = 1) -> str:
    """The output of the last run of the script against a server that assigns other IDs."""
    text = script([step_data(step) for step in steps], "A sentence.")
    with serve("fresh", make, new(), prefix) as target:
        for _ in range(times):
            run = subprocess.run(
                ["bash", "-s", target.base_url], input=text, capture_output=True, text=True
            )
            assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def statuses(printed: str) -> list[str]:
    return re.findall(r"-> (\d+)$", printed, re.MULTILINE)


@pytest.fixture
def blog() -> Iterator[Send]:
    with serve("old", make_blog, old(), "/api") as target:
        yield sender(target, BLOG)


@pytest.fixture
def shed() -> Iterator[Send]:
    with serve("old", make_shed, old()) as target:
        yield sender(target, SHED)


def logged_in(send: Send, user: dict[str, str]) -> tuple[list[Exchange], str]:
    steps = [
        send("POST", "/users", {"user": user}),
        send("POST", "/users/login", {"user": {k: user[k] for k in ("email", "password")}}),
    ]
    return steps, "Token " + json.loads(answer(steps[-1]).body)["user"]["token"]


def test_ids_and_tokens_of_responses_are_used_in_later_requests(blog: Send) -> None:
    steps, token = logged_in(blog, USER)
    article = {"title": "One Of Two", "description": "d", "body": "b"}
    steps.append(blog("POST", "/articles", {"article": article}, Authorization=token))
    slug = json.loads(answer(steps[-1]).body)["article"]["slug"]
    path = f"/articles/{slug}/comments"
    steps.append(blog("POST", path, {"comment": {"body": "c"}}, Authorization=token))
    number = json.loads(answer(steps[-1]).body)["comment"]["id"]
    steps.append(blog("DELETE", f"{path}/{number}", Authorization=token))
    wanted = [str(answer(step).status) for step in steps]
    assert statuses(played(steps, make_blog, "/api")) == wanted


def test_slug_derived_from_client_text_is_read_from_the_response(blog: Send) -> None:
    steps, token = logged_in(blog, USER)
    article = {"title": "same", "description": "d", "body": "b"}
    for _ in range(2):
        steps.append(blog("POST", "/articles", {"article": article}, Authorization=token))
    slugs = [json.loads(answer(step).body)["article"]["slug"] for step in steps[2:]]
    steps.append(blog("GET", f"/articles/{slugs[0]}"))
    text = script([step_data(step) for step in steps], "")
    assert '"$base"/articles/"${slug_3}"' in text


def test_script_can_be_run_twice_on_one_server(blog: Send) -> None:
    steps, token = logged_in(blog, USER)
    others, other = logged_in(blog, {**USER, "username": "zoe00018", "email": "zoe.00018@e.org"})
    steps += [*others, blog("GET", "/user", Authorization=other)]
    printed = played(steps, make_blog, "/api", times=2)
    assert statuses(printed) == ["201", "200", "201", "200", "200"]
    assert "zoe.00018@e.org" not in printed
    assert re.search(r'"email":\s*"zoe\.[0-9a-z]{5}@e\.org"', printed)
    assert token != other


def test_cookies_and_entity_tags_are_used_in_later_requests(shed: Send) -> None:
    given = {"login": "zed00017", "password": "Correct-Horse-7", "display_name": "Zed"}
    steps = [shed("POST", "/members", given)]
    steps.append(shed("POST", "/session", {k: given[k] for k in ("login", "password")}))
    cookie = (answer(steps[-1]).header("set-cookie") or "").partition(";")[0]
    tool = {"name": "saw", "price": 2.5, "category": "hand"}
    steps.append(shed("POST", "/tools", tool, Cookie=cookie))
    made = json.loads(answer(steps[-1]).body)
    tag = answer(steps[-1]).header("etag") or ""
    steps.append(shed("PATCH", f"/tools/{made['id']}", {"price": 3}, Cookie=cookie, If_Match=tag))
    wanted = [str(answer(step).status) for step in steps]
    assert wanted[-1] == "200"
    assert statuses(played(steps, make_shed)) == wanted


def test_http_basic_credentials_use_the_fresh_name() -> None:
    request = Request("POST", "/u", (JSON,), json.dumps({**USER}).encode())
    basic = "Basic emVkMDAwMTc6Q29ycmVjdC1Ib3JzZS03"
    steps = [made(request), made(Request("GET", "/u", (("Authorization", basic),)))]
    text = script([step_data(step) for step in steps], "")
    assert basic.partition(" ")[2] not in text
    assert '"$(printf %s z' in text


def made(request: Request) -> Exchange:
    """An exchange with one target that responds with an empty 200."""
    return Exchange(
        number=1,
        request=request,
        label="x",
        requests={"old": request},
        outcomes={"old": Response(200)},
        addresses={"old": "http://old.test"},
    )


@pytest.mark.parametrize(
    "body",
    [
        *(b"it's $HOME", b"@file", b"", b"\xff\xfe", b"a\nb", b"a\x00b", "\u2028é".encode()),
        b"it's " + b"x" * 200_000 + b" @file",
    ],
)
def test_body_is_sent_byte_for_byte(body: bytes, tmp_path: Path) -> None:
    text = script([step_data(made(Request("POST", "/x?a='b'", (("A", "$(x)"),), body)))], "`x`")
    show = tmp_path / "curl"
    show.write_text(
        "#!/usr/bin/env bash\n"
        'while [ $# -gt 0 ]; do if [ "$1" = --data-binary ]; then last=$2; fi; shift; done\n'
        f'if [ "$last" = @- ]; then cat; else printf %s "$last"; fi >{tmp_path}/sent\n'
    )
    show.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    command = ["bash", "-s", "http://h"]
    subprocess.run(command, input=text, text=True, env={"PATH": path}, check=True)
    assert (tmp_path / "sent").read_bytes() == body


def test_text_of_the_document_cannot_inject_commands(tmp_path: Path) -> None:
    hostile = f"x\ntouch {tmp_path}/made; `touch {tmp_path}/made`\u2028$(touch {tmp_path}/made)"
    step = replace(made(Request("GET", f"/$(touch {tmp_path}/made)`")), label=hostile)
    text = script([step_data(step)], hostile)
    subprocess.run(["bash", "-s", "http://127.0.0.1:1"], input=text, text=True, capture_output=True)
    assert not (tmp_path / "made").exists()


def test_script_without_steps_is_empty() -> None:
    assert script([], "x") == ""
