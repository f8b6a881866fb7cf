"""Both twins export the same spans and log the same trace IDs; disabled tracing costs nothing."""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from suite.faults.proxy import Proxy
from testbed.collector import Collector, collecting
from testbed.migrations import ADMIN
from testbed.paths import CONTRACT_TESTS, NODE
from testbed.ports import free_port
from testbed.servers import (
    KINDS,
    SERVERS,
    TEST_SETTINGS,
    Kind,
    TwinServer,
    node_program,
    start_all,
)
from testbed.stage import CLEAN, Stage

GRID = yaml.safe_load((CONTRACT_TESTS / "traceparents.yaml").read_text(encoding="utf-8"))
UNKNOWN = "/api/v1/tasks/01936d5e-8a00-7000-8000-000000000001"
SECRET = "nobody else's business"
# Each ORM writes statements differently, and each twin has its own database here.
OF_A_TWIN = ("db.query.text", "db.namespace", "server.port")
RAISE = """
CREATE FUNCTION unexpected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'raised by a test';
END $$;
CREATE TRIGGER unexpected BEFORE INSERT ON users EXECUTE FUNCTION unexpected()
"""
STOPPED_WITHIN = 8
TRACING = {**TEST_SETTINGS, "OTEL_BSP_SCHEDULE_DELAY": "50"}
ADAPTERS = [name for name in SERVERS if name not in KINDS]
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Attributes = dict[str, str | int]


@dataclass
class Traced:
    """A twin whose requests belong to traces, numbered from 1."""

    server: TwinServer
    token: str = ""
    number: int = 0
    answers: dict[str, int] = field(default_factory=dict)

    def send(
        self, method: str, target: str, body: Any = None, **headers: str | list[str]
    ) -> tuple[int, Any]:
        """Send a request in a new trace, unless it has one; return the status code and the JSON."""
        self.number += 1
        fields: dict[str, str | list[str]] = {"traceparent": self.traceparent(), "If-Match": "*"}
        if self.token:
            fields["Authorization"] = f"Bearer {self.token}"
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port or 0, timeout=30)
        connection.putrequest(method, target)
        for name, values in fields.items():
            for value in [values] if isinstance(values, str) else values:
                connection.putheader(name, value)
        text = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(text)))
        connection.endheaders(text)
        with closing(connection), connection.getresponse() as answer:
            received = answer.read()
            is_json = (answer.getheader("Content-Type") or "").endswith("json")
            self.answers[self.trace_id()] = answer.status
            return answer.status, json.loads(received) if received and is_json else None

    def trace_id(self) -> str:
        """The ID of the newest trace, the same in both twins."""
        return f"{self.number:032x}"

    def traceparent(self) -> str:
        """The traceparent header field value of the newest trace."""
        return f"00-{self.trace_id()}-{self.number:016x}-01"

    def lines(self) -> list[dict[str, Any]]:
        """The access lines of the log."""
        text = self.server.log.read_text(encoding="utf-8")
        return [line for line in map(json.loads, text.splitlines()) if line["event"] == "request"]

    def line_of(self, request_id: str) -> dict[str, Any]:
        """The access line of a request, which is logged after the response."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for line in self.lines():
                if line["request_id"] == request_id:
                    return line
            time.sleep(0.01)
        raise TimeoutError(request_id)


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def traced(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[dict[Kind, Traced]]:
    """Both twins, exporting their spans."""
    logs = tmp_path_factory.mktemp("traced")
    settings = {
        **TEST_SETTINGS,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    with ExitStack() as stack:
        servers: dict[Kind, TwinServer] = {}
        for kind in KINDS:
            name = f"traced_{kind}"
            url = stage.databases.create(name, template=CLEAN)
            stack.callback(stage.databases.drop, name)
            servers[kind] = TwinServer(kind, url, logs / f"{kind}.log", settings)
        with start_all(list(servers.values())):
            yield {kind: Traced(server) for kind, server in servers.items()}


def attributes_of(span: Span) -> Attributes:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def trace_of(collector: Collector, trace_id: str) -> list[Any]:
    """The spans of a trace, reduced to what must be equal in both twins."""
    spans = [span for span in collector.spans if span.trace_id.hex() == trace_id]
    spans.sort(key=lambda span: (span.kind != Span.SPAN_KIND_SERVER, span.start_time_unix_nano))
    names = {span.span_id: span.name for span in spans}
    return [
        {
            "name": span.name,
            "kind": Span.SpanKind.Name(span.kind),
            "parent": names.get(span.parent_span_id) or span.parent_span_id.hex(),
            "status": span.status.code,
            "events": len(span.events),
            "attributes": {
                name: "" if name in OF_A_TWIN else ID.sub("{id}", str(value))
                for name, value in sorted(attributes_of(span).items())
            },
        }
        for span in spans
    ]


def use_all_of(twin: Traced) -> None:
    """Send requests of all kinds, in the same order to each twin."""
    _, tokens = twin.send(
        "POST", "/api/v1/auth/login", {"email": ADMIN.email, "password": ADMIN.password}
    )
    twin.token = tokens["access_token"]
    _, task = twin.send("POST", "/api/v1/tasks", {"title": SECRET}, Idempotency_Key="a-key-of-mine")
    path = f"/api/v1/tasks/{task['id']}"
    twin.send("GET", f"/api/v1/tasks?q={SECRET.replace(' ', '%20')}&limit=1")
    twin.send("HEAD", path)
    twin.send("PATCH", path, {"description": SECRET, "tags": ["a"]})
    twin.send("POST", "/api/v1/timer/start", {"task_id": task["id"]})
    twin.send("POST", "/api/v1/timer/stop")
    twin.send("GET", "/api/v1/time-entries")
    twin.send("GET", "/api/v1/users?limit=1")
    for group in ("day", "task", "tag"):
        period = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
        twin.send("GET", f"/api/v1/reports/time?{period}&group_by={group}")
    # Violates a unique index.
    twin.send("POST", "/api/v1/auth/register", {"email": ADMIN.email, "password": SECRET})
    twin.send("POST", "/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    twin.send("POST", "/api/v1/tasks", {"title": ""})
    twin.send("GET", UNKNOWN)
    twin.send("GET", "/nowhere/%2e%2E/./%C3%A4?a=b")
    # Longer than what is kept of a path.
    twin.send("GET", f"/{'a' * 1100}?b=c")
    twin.send("PUT", "/api/v1/tasks", {})
    twin.send("OPTIONS", "/api/v1/tasks")
    twin.send("GET", "/api/v1/tasks?q=%ff")
    twin.send("GET", "/health", User_Agent="curl/8.5.0")
    twin.send("DELETE", path)
    twin.token = SECRET.replace(" ", "")
    twin.send("GET", "/api/v1/users/me")


def test_twins_export_the_same_spans(traced: dict[Kind, Traced], collector: Collector) -> None:
    for twin in traced.values():
        # The first statement on a connection is preceded by those of the connection set-up.
        twin.send("GET", "/ready")
        use_all_of(twin)
        # No method that spans are named after.
        twin.send("PROPFIND", "/health")
    python, node = (traced[kind] for kind in KINDS)
    assert python.answers == node.answers
    collector.wait_for(set(python.answers), requests=2)
    traces = traces_by_twin(collector)
    for trace_id in python.answers:
        ours, theirs = (trace_of(traces[kind], trace_id) for kind in KINDS)
        assert ours == theirs
        assert ours[0]["parent"] == trace_id[16:]
    exported = str(collector.exported)
    for secret in (
        SECRET,
        SECRET.replace(" ", "%20"),
        "a-key-of-mine",
        ADMIN.email,
        ADMIN.password,
        "$argon2",
    ):
        assert secret not in exported
    assert not any(each.token in exported for each in traced.values())


def traces_by_twin(collector: Collector) -> dict[Kind, Collector]:
    """The exported spans by twin."""
    found: dict[Kind, Collector] = {kind: Collector(0) for kind in KINDS}
    language: dict[str, Kind] = {"python": "python", "nodejs": "node"}
    for each in collector.exported:
        resource = {a.key: a.value.string_value for a in each.resource.attributes}
        assert resource["service.name"] == "task-timer"
        found[language[resource["telemetry.sdk.language"]]].exported.append(each)
    return found


def spans_of_both(collector: Collector, trace_id: str) -> list[dict[str, Any]]:
    """The spans of a trace that both twins have a request of: they are equal."""
    collector.wait_for({trace_id}, requests=2)
    traces = traces_by_twin(collector)
    ours, theirs = (trace_of(traces[kind], trace_id) for kind in KINDS)
    assert ours == theirs
    return ours


def test_failed_statement_has_its_sqlstate(
    traced: dict[Kind, Traced], collector: Collector
) -> None:
    for twin in traced.values():
        with psycopg.connect(twin.server.database_url, autocommit=True) as connection:
            connection.execute("ALTER TABLE users RENAME TO gone")
            body = {"email": "new@example.com", "password": SECRET}
            assert twin.send("POST", "/api/v1/auth/register", body)[0] == 503
            connection.execute("ALTER TABLE gone RENAME TO users")
    spans = spans_of_both(collector, twin.trace_id())
    assert spans[0]["attributes"]["error.type"] == "503"
    assert spans[-1]["attributes"]["db.response.status_code"] == "42P01"


def test_unexpected_error_has_its_status_and_sqlstate(
    traced: dict[Kind, Traced], collector: Collector
) -> None:
    """It is no outage, so it is answered as an error of the server."""
    for twin in traced.values():
        with psycopg.connect(twin.server.database_url, autocommit=True) as connection:
            connection.execute(RAISE)
            body = {"email": "unexpected@example.com", "password": SECRET}
            assert twin.send("POST", "/api/v1/auth/register", body)[0] == 500
            connection.execute("DROP FUNCTION unexpected CASCADE")
    spans = spans_of_both(collector, twin.trace_id())
    assert spans[0]["attributes"]["error.type"] == "500"
    assert spans[0]["status"] == Status.STATUS_CODE_ERROR
    assert spans[-1]["attributes"]["error.type"] == "P0001"


@pytest.mark.parametrize("kind", KINDS)
def test_statement_without_a_response_has_no_sqlstate(
    kind: Kind, stage: Stage, tmp_path: Path
) -> None:
    name = f"silent_{kind}"
    address = urlsplit(stage.databases.create(name, template=CLEAN))
    with (
        collecting() as collector,
        Proxy(address.hostname or "", address.port or 5432) as proxy,
    ):
        through = f"{address.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"
        settings = {
            **TRACING,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "DATABASE_TIMEOUT_MS": "500",
        }
        url = address._replace(netloc=through).geturl()
        with TwinServer(kind, url, tmp_path / "log", settings) as server:
            twin = Traced(server)
            assert twin.send("GET", "/ready")[0] == 200
            proxy.freeze()
            assert twin.send("GET", "/ready")[0] == 503
            collector.wait_for({twin.trace_id()})
            proxy.heal()
    stage.databases.drop(name)
    statements = [
        attributes_of(span)
        for span in collector.spans
        if span.trace_id.hex() == twin.trace_id() and span.kind == Span.SPAN_KIND_CLIENT
    ]
    assert "_OTHER" in {each.get("error.type") for each in statements}
    assert not any("db.response.status_code" in each for each in statements)


def test_traceparent_headers_are_parsed_alike(traced: dict[Kind, Traced]) -> None:
    """Without spans the log has the IDs that were sent; the unit tests of both twins cover that."""
    for twin in traced.values():
        for number, case in enumerate(GRID):
            twin.send("GET", "/health", X_Request_ID=f"grid-{number}", traceparent=case["header"])
            assert_traced(twin.line_of(f"grid-{number}"), *case.get("ids", (None, None)))
        first = GRID[0]["header"]
        twin.send("GET", "/health", X_Request_ID="grid-twice", traceparent=[first, first])
        assert_traced(twin.line_of("grid-twice"), None, None)


def assert_traced(line: dict[str, Any], trace_id: str | None, parent: str | None) -> None:
    """Assert a new span, in the given trace if there is one."""
    assert len(line["span_id"]) == 16
    assert line["span_id"] != parent
    if trace_id is None:
        assert line["trace_id"] not in {case["ids"][0] for case in GRID if "ids" in case}
    else:
        assert line["trace_id"] == trace_id


def test_log_lines_and_spans_have_the_same_ids(
    traced: dict[Kind, Traced], collector: Collector
) -> None:
    for twin in traced.values():
        twin.send("GET", "/health", X_Request_ID="the-id")
        line = twin.line_of("the-id")
        collector.wait_for({line["trace_id"]})
        logged = (line["trace_id"], line["span_id"])
        assert logged in {(span.trace_id.hex(), span.span_id.hex()) for span in collector.spans}
        collector.exported.clear()


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_export_the_spans_of_their_twin(name: str, stage: Stage, tmp_path: Path) -> None:
    spans = []
    for kind in (name, SERVERS[name].runtime):
        database = f"traced_{name}_{kind}"
        url = stage.databases.create(database, template=CLEAN)
        with collecting() as collector:
            settings = {**TRACING, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
            with TwinServer(kind, url, tmp_path / f"{kind}.log", settings) as server:
                sender = Traced(server)
                sender.send("GET", "/ready")
                use_all_of(sender)
            collector.wait_for(set(sender.answers))
        spans.append([trace_of(collector, each) for each in sender.answers])
        stage.databases.drop(database)
    assert spans[0] == spans[1]


@pytest.mark.parametrize("kind", KINDS)
def test_unreachable_collector_has_no_effect(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    name = f"no_collector_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    endpoint = f"http://127.0.0.1:{free_port()}"
    settings = {**TEST_SETTINGS, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    with TwinServer(kind, url, tmp_path / "log", settings) as server:
        twin = Traced(server)
        for _ in range(10):
            assert twin.send("GET", "/ready")[0] == 200
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < STOPPED_WITHIN
    stage.databases.drop(name)


@pytest.mark.parametrize("kind", KINDS)
def test_remaining_spans_are_exported_at_shutdown(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    name = f"flushed_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    with collecting() as collector:
        settings = {
            **TEST_SETTINGS,
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.endpoint}/v1/traces",
            "OTEL_BSP_SCHEDULE_DELAY": "600000",
            "OTEL_SERVICE_NAME": "the tasks",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=here",
        }
        with TwinServer(kind, url, tmp_path / "log", settings) as server:
            twin = Traced(server)
            twin.send("GET", "/ready")
            assert not collector.exported
            assert server.stop() == 0
        collector.wait_for({twin.trace_id()}, seconds=1)
    stage.databases.drop(name)
    for each in collector.exported:
        resource = {a.key: a.value.string_value for a in each.resource.attributes}
        assert resource["service.name"] == "the tasks"
        assert resource["deployment.environment.name"] == "here"


@pytest.mark.parametrize("kind", KINDS)
def test_refusal_of_the_collector_is_logged(kind: Kind, stage: Stage, tmp_path: Path) -> None:
    """What the library complains of is a line like any other, and no request fails."""
    name = f"refused_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    with collecting() as collector:
        nowhere = f"{collector.endpoint}/nowhere"
        settings = {**TRACING, "OTEL_EXPORTER_OTLP_ENDPOINT": nowhere}
        with TwinServer(kind, url, tmp_path / "log", settings) as server:
            assert Traced(server).send("GET", "/ready")[0] == 200
            deadline = time.monotonic() + 30
            while not (told := of_the_library(server)):
                assert time.monotonic() < deadline, "The log does not tell."
                time.sleep(0.01)
            assert server.stop() == 0
    stage.databases.drop(name)
    assert {line["level"] for line in told} == {"warning"}
    assert all(line["message"] for line in told)


def of_the_library(server: TwinServer) -> list[dict[str, Any]]:
    """The lines of a log that OpenTelemetry has caused."""
    whole, _, _ = server.log.read_text(encoding="utf-8").rpartition("\n")
    lines = [json.loads(line) for line in whole.splitlines()]
    return [
        line
        for line in lines
        if line["event"] == "library" and line["source"].startswith("opentelemetry")
    ]


IMPORTS: Mapping[Kind, str] = {
    "python": """
import sys
import task_timer.app, task_timer.main, task_timer.manage, task_timer.server.serve
print([name for name in sys.modules if "opentelemetry" in name or "grpc" in name])
""",
    "node": r"""
import { createRequire } from "node:module";
for (const name of ["app", "server/serve"]) await import(`${process.argv[1]}/dist/${name}.js`);
const loaded = Object.keys(createRequire(`${process.argv[1]}/`).cache);
// prom-client imports the API by itself.
const own = loaded.filter((path) => /opentelemetry\/(?!api\/)/.test(path));
console.log(JSON.stringify(own));
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_opentelemetry_is_not_imported_if_disabled(kind: Kind) -> None:
    interpreter = {
        "python": [sys.executable, "-c", IMPORTS["python"]],
        "node": [node_program(), "--input-type=module", "-e", IMPORTS["node"], str(NODE)],
    }
    ended = subprocess.run(interpreter[kind], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
