"""Access logs of servers, proxies and load balancers, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.document import Document
from lockstep.recordings import Recording, RecordingError, load_recording
from lockstep.transport.messages import status_of

WHEN = "[12/May/2020:22:33:23 +0000]"
AGENT = '"-" "Mozilla/5.0 (X11; rv:78.0) \\"x\\" 200"'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def load(file: Path, document: Document, *lines: Any) -> Recording:
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    file.write_text("\n".join(texts))
    return load_recording(file, document)


def read(recording: Recording) -> list[tuple[str, int | None]]:
    return [
        (step.request.path, None if step.answer is None else status_of(step.answer))
        for step in recording.steps
    ]


TEXTS = {
    "common": f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 200 12',
    "IPv6": f'2001:db8::1 - alice {WHEN} "GET /notes HTTP/2.0" 200 12 {AGENT}',
    "absolute": f'192.0.2.1 - - {WHEN} "GET https://notes.example/notes HTTP/1.1" 200 5 {AGENT}',
    "no size": f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 200 -',
    "duration first": f'192.0.2.1 - - {WHEN} 0.012 "GET /notes HTTP/1.1" 200 12 {AGENT}',
    "duration between": f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 0.012 200 12',
    "host between": f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" "notes.example" 200 12',
    "virtual host": f'notes.example:443 192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 200 12 {AGENT}',
    "ingress": f'192.0.2.1 - [192.0.2.1] - - {WHEN} "GET /notes HTTP/2.0" 200 8 {AGENT} 5 [up] 1',
    "no version": f'192.0.2.1 - - {WHEN} "GET /notes" 200 12',
    "HTTP/3": f'192.0.2.1 - - {WHEN} "GET /notes HTTP/3" 200 12',
    "ALB": (
        "h2 2018-07-02T22:23:00.186641Z app/lb/50dc6c495c0c9188 10.0.1.252:48160 10.0.0.66:9000 "
        '0.000 0.002 0.000 200 200 5 257 "GET https://notes.example:443/notes HTTP/2.0" "curl/7.46"'
        " ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "
        '"Root=1-58337327-72bd00b0343d75b9" "-" "-" 1 2018-07-02T22:22:48.364000Z "redirect"'
    ),
    "ELB": (
        "2015-05-13T23:39:43.945958Z lb 192.0.2.1:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 "
        '200 0 29 "GET http://notes.example:80/notes HTTP/1.1" "curl/7.38.0" - -'
    ),
    "tabs": "192.0.2.1\t12/May/2020:22:33:23\tGET /notes HTTP/1.1\t0.010\t200\t12\t-\tcurl",
    "no quotes": "12/May/2020: GET http://a.test/notes source=192.0.2.1 response_code=200 bytes=1",
    "pairs and a line": 'response_code=200 request_line="GET /notes HTTP/2.0" referer="-"',
    "logfmt": "at=info method=GET path=/notes host=notes.example dyno=web.1 status=200 bytes=13",
    "morgan": "\x1b[0mGET /notes \x1b[32m200\x1b[0m 3.312 ms - 25\x1b[0m",
    "Gin": '[GIN] 2020/05/12 - 22:33:23 | 200 |  120.5us |  192.0.2.1 | GET      "/notes"',
    "chi": '2020/05/12 22:33:23 "GET http://a.test/notes HTTP/1.1" from 192.0.2.1:1 - 200 2B',
    "PHP": "[Tue May 12 22:33:23 2020] 192.0.2.1:5000 [200]: GET /notes",
    "HAProxy": (
        "Feb  6 12:14:14 localhost haproxy[14389]: 192.0.2.1:33317 [06/Feb/2009:12:14:14.655] in"
        ' static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {a.b} {} "GET /notes HTTP/1.1"'
    ),
    "Envoy": f'{WHEN} "GET /notes HTTP/2" 200 - 0 226 100 10 "192.0.2.1" "nsq2http" "cc21"',
    "uvicorn": 'INFO:     127.0.0.1:50124 - "GET /notes HTTP/1.1" 200 OK',
    "Django": '[12/May/2020 22:33:23] "GET /notes HTTP/1.1" 200 58',
    "werkzeug": f'127.0.0.1 - - {WHEN} "\x1b[36mGET /notes HTTP/1.1\x1b[0m" 200 -',
}
OBJECTS: dict[str, Any] = {
    "Caddy": {
        "level": "info",
        "msg": "handled request",
        "request": {
            "remote_ip": "192.0.2.1",
            "proto": "HTTP/2.0",
            "method": "GET",
            "host": "localhost",
            "uri": "/notes",
            "headers": {"Referer": ["https://a.test/"], "X-Original-Url": ["/else"]},
            "tls": {"proto": "h2", "server_name": "else.test"},
        },
        "size": 10900,
        "status": 200,
        "resp_headers": {"Status": ["500"]},
    },
    "nginx": {
        "time": "x",
        "request_method": "GET",
        "uri": "/index.php",
        "request_uri": "/notes",
        "status": "200",
        "upstream_status": "502",
        "http_referrer": "/else",
    },
    "nginx line": {"remote_addr": "192.0.2.1", "request": "GET /notes HTTP/1.1", "status": 200},
    "suffixes": {"status_kcs": "200", "request_uri_kcs": "/notes", "request_method_kcs": "GET"},
    "Traefik": {
        "RequestMethod": "GET",
        "RequestPath": "/notes",
        "RequestHost": "notes.example",
        "ClientHost": "192.0.2.1",
        "OriginStatus": 502,
        "DownstreamStatus": 200,
        "ServiceURL": "http://10.0.0.1:80",
    },
    "Envoy": {
        "method": "GET",
        "path": "/notes",
        "response_code": 200,
        "authority": "notes.example",
    },
    "Kong": {
        "request": {"method": "GET", "uri": "/notes", "url": "http://notes.example/notes"},
        "response": {"status": 200},
        "upstream_uri": "/else",
    },
    "pino": {
        "req": {"method": "GET", "url": "/notes"},
        "res": {"statusCode": 200},
        "hostname": "w",
    },
    "ECS": {
        "http.request.method": "get",
        "url.path": "/notes",
        "http.response.status_code": 200,
        "log.file.path": "/var/log/x",
    },
    "Google": {
        "httpRequest": {"requestMethod": "GET", "requestUrl": "https://a.test/notes", "status": 200}
    },
    "CloudFront": {
        "cs-method": "GET",
        "cs-uri-stem": "/notes",
        "cs-uri-query": "-",
        "sc-status": "200",
    },
    "Docker": {"log": TEXTS["common"] + "\n", "stream": "stdout", "time": "x"},
    "wrapped": {"message": json.dumps({"method": "GET", "path": "/notes", "status": 200})},
    "console": '2021/03/12 08:57\tinfo\thttp.log.access\thandled request\t{"request": {"method": '
    '"GET", "host": "127.0.0.1", "uri": "/notes"}, "status": 200}',
}


@pytest.mark.parametrize("line", [*TEXTS.values(), *OBJECTS.values()], ids=[*TEXTS, *OBJECTS])
def test_log_line_yields_request_and_status(file: Path, document: Document, line: Any) -> None:
    assert read(load(file, document, line)) == [("/notes", 200)]
    recording = load(file, document, "# a first line", "", line, "", line, "garbage {")
    assert read(recording) == [("/notes", 200)] * 2
    assert "2 lines that could not be read: 1, 6" in recording.notes


@pytest.mark.parametrize(
    "line",
    [
        f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" - -',
        f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1"',
        # The client closed the connection, or had a cached copy.
        f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 499 0',
        f'192.0.2.1 - - {WHEN} "GET /notes HTTP/1.1" 304 0',
        'Started GET "/notes" for 192.0.2.1 at 2020-05-12 22:33:23 +0000',
        {"method": "GET", "path": "/notes", "status": "-"},
        {"method": "GET", "path": "/notes", "status": 0},
        # The load balancer's own response: its target sent none.
        'http 2018-07-02T22:23:00Z app/lb/5 192.0.2.1:1 - -1 -1 -1 503 - 0 5 "GET http://a.test/notes"',
    ],
)
def test_log_line_without_a_status_is_replayed_without_one(
    file: Path, document: Document, line: Any
) -> None:
    assert read(load(file, document, line)) == [("/notes", None)]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (
            f'- - - {WHEN} "GET /notes?q=\\"a\\"&b=\\x22\\xC3\\xA9 HTTP/1.1" 200 1',
            "%22a%22&b=%22%C3%A9",
        ),
        (f'- - - {WHEN} "GET /notes?q=a b HTTP/1.1" 200 1', "a%20b"),
        ({"method": "GET", "uri": "/notes", "args": "q=1", "status": 200}, "1"),
        ({"method": "GET", "uri": "/notes", "request_uri": "/notes?q=1", "status": 200}, "1"),
        ({"cs-method": "GET", "cs-uri-stem": "/notes", "cs-uri-query": "q=1"}, "1"),
        ({"method": "GET", "url": {"path": "/notes", "query": "q=1"}, "status": 200}, "1"),
    ],
)
def test_queries_are_kept(file: Path, document: Document, line: Any, path: str) -> None:
    (step,) = load(file, document, line).steps
    assert step.request.path == f"/notes?q={path}"


def test_invalid_utf_8_in_a_log_is_tolerated(file: Path, document: Document) -> None:
    line = f'192.0.2.1 - - {WHEN} "GET /notes?q=\xff HTTP/1.1" 200 1 "\xfe"\n'
    file.write_bytes(line.encode("latin-1"))
    (step,) = load_recording(file, document).steps
    assert step.request.path == "/notes?q=%FF"


def test_requests_to_other_hosts_are_left_out(file: Path, document: Document) -> None:
    def line(target: str) -> str:
        return f'192.0.2.1 - - {WHEN} "GET {target} HTTP/1.1" 200 1'

    recording = load(
        file,
        document,
        line("https://Notes.example/v1/notes"),
        line("https://notes.example:443/v1/notes/7"),
        line("http://proxy.test/notes"),
        line("*"),
    )
    assert read(recording) == [("/notes", 200), ("/notes/7", 200)]
    assert recording.notes == (
        "taken for the API: https://notes.example/v1",
        "1 request to other places left out",
        "1 line that could not be read: 4",
    )
    chosen = load_recording(file, document, base_url="http://proxy.test")
    assert read(chosen) == [("/notes", 200)]


def test_json_array_of_log_objects_is_read(file: Path, document: Document) -> None:
    file.write_text(json.dumps([OBJECTS["pino"], OBJECTS["Google"] | {"x": 1}], indent=2))
    assert len(load_recording(file, document, base_url="https://a.test").steps) == 2
    file.write_text(json.dumps([OBJECTS["pino"]] * 2))
    assert read(load_recording(file, document)) == [("/notes", 200)] * 2


def test_multi_line_json_objects_are_read(file: Path, document: Document) -> None:
    logged = [{"method": "GET", "path": f"/notes/{n}", "status": 200} for n in (1, 2)]
    file.write_text("\n".join(json.dumps(each, indent=2) for each in logged))
    assert read(load_recording(file, document)) == [("/notes/1", 200), ("/notes/2", 200)]


def test_json_objects_without_requests_are_rejected_with_a_message(
    file: Path, document: Document
) -> None:
    file.write_text('{"a": 1}\n{"b": 2}\n')
    with pytest.raises(RecordingError, match="no line of a GET"):
        load_recording(file, document, kind="log")
    with pytest.raises(RecordingError, match="JSON"):
        load_recording(file, document)


IIS = """\
#Software: Microsoft Internet Information Services 10.0
#Version: 1.0
#Date: 2024-05-12 22:33:23
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2024-05-12 22:33:23 10.0.0.1 GET /notes limit=2&q=a+b 443 - 192.0.2.1 Mozilla/5.0+(X11) - 200 0 0 15
2024-05-12 22:33:24 10.0.0.1 GET /notes - 443 - 192.0.2.1 curl/8 - 404 0 2 5
2024-05-12 22:33:25 10.0.0.1 POST /notes - 443 ann 192.0.2.1 curl/8 - 201 0 0 9
2024-05-12 22:33:26 10.0.0.1 GET /notes - 443 - 192.0.2.1 - - 401 2 5 9
"""
CLOUDFRONT = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) "
    "cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query\n"
    "2024-05-12\t22:33:23\tFRA2\t512\t192.0.2.1\tGET\td1.cloudfront.test\t/notes\t200\t-\t"
    "Mozilla/5.0%20(X11)\tlimit=2\n"
)
TOMCAT = (
    "#Fields: time cs-method cs-uri sc-status cs(User-Agent)\n#Version: 2.0\n"
    '22:33:23 GET /notes?limit=2 200 "Mozilla/5.0 ""x"" (X11)"\n'
    "#Fields: cs-method cs-uri-stem sc-status\nGET /notes 200\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (IIS, [("/notes?limit=2&q=a+b", 200), ("/notes", 404), ("/notes", None)]),
        (CLOUDFRONT, [("/notes?limit=2", 200)]),
        (TOMCAT, [("/notes?limit=2", 200), ("/notes", 200)]),
        (
            IIS.replace("\n", "\r\n"),
            [("/notes?limit=2&q=a+b", 200), ("/notes", 404), ("/notes", None)],
        ),
    ],
)
def test_columns_follow_the_fields_directive(
    file: Path, document: Document, text: str, found: list[tuple[str, int | None]]
) -> None:
    recording = load(file, document, text)
    assert read(recording) == found
    writes = [note for note in recording.notes if "write requests" in note]
    assert len(writes) == ("POST" in text)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("GET /notes/caf\u00e9 - 200", "/notes/caf%C3%A9"),
        ("GET /notes/a%20b - 200", "/notes/a%20b"),
        ('GET "/notes/a b" - 200', "/notes/a%20b"),
    ],
)
def test_decoded_uri_stem_is_percent_encoded_again(
    file: Path, document: Document, line: str, path: str
) -> None:
    fields = "#Fields: cs-method cs-uri-stem cs-uri-query sc-status"
    assert [step for step, _ in read(load(file, document, fields, line))] == [path]


def test_log_line_with_too_few_columns_is_reported(file: Path, document: Document) -> None:
    recording = load(file, document, IIS + "2024-05-12 22:33:27 10.0.0.1 GET")
    assert "1 line that could not be read: 9" in recording.notes
