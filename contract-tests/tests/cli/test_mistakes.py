"""Common user mistakes end with exit code 2 and one sentence that says what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.certificates import make_certificates
from fixtures.scripted_server import scripted

from lockstep.cli import main
from lockstep.configuration import make_plan
from lockstep.configuration.users import make_actors
from lockstep.openapi.document import Document
from lockstep.transport.targets import Target


def described(base: str = "", prefix: str = "") -> dict[str, Any]:
    """A document with one operation, below a base path in `servers` or in its paths."""
    ok = {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        **({"servers": [{"url": base}]} if base else {}),
        "paths": {f"{prefix}/items": {"get": {"responses": {"200": ok}}}},
    }


@contextmanager
def serving(
    prefix: str = "",
    *,
    status: int = 200,
    page: str = "",
    location: str = "",
    **settings: Any,
) -> Iterator[Target]:
    """A server of `/items` below a prefix; with `page`, it sends only that."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        known = page or handler.path.startswith(f"{prefix}/items")
        body = page.encode() if page else b"{}"
        handler.send_response(status if known else 404)
        handler.send_header("Content-Type", "text/html" if page else "application/json")
        handler.send_header("Content-Length", str(len(body)))
        if location:
            handler.send_header("Location", location)
        handler.end_headers()
        handler.wfile.write(body)

    with scripted("old", answer, **settings) as target:
        yield target


def lockstep(folder: Path, document: Any, *urls: str, options: tuple[str, ...] = ()) -> Result:
    """The result of the command; a document that is not a string is written to a file first."""
    if not isinstance(document, str):
        path = folder / "openapi.json"
        path.write_text(json.dumps(document))
        document = str(path)
    targets = [f"--target=t{number}={url}" for number, url in enumerate(urls)]
    done = CliRunner().invoke(main, ["run", document, *targets, "--no-fuzz", *options])
    assert "Traceback" not in done.output
    return done


def error_of(done: Result) -> str:
    """The single line on stderr of a failed command."""
    assert done.exit_code == 2, done.output
    said = done.stderr.splitlines()
    (line,) = (line for line in said if line.startswith("lockstep: "))
    return line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("", "it is empty"),
        ("<!doctype html><html>", "an HTML page, not a document"),
        ('{"name": "x"}', "it has name at the top level, and needs `openapi`, `info` and `paths`"),
        ("[1]", "a list"),
        ('{"openapi": "3.0.0", "info": {}}', "no operations: its `paths` are missing or empty"),
        ("openapi: 3.0.0\n  info: [", "line 2"),
    ],
)
def test_invalid_document(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "given.yaml"
    if text is not None:
        path.write_text(text)
    sentence = error_of(lockstep(tmp_path, str(path), "http://127.0.0.1:1"))
    assert said in sentence
    assert str(path) in sentence


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [
        ("<html>", 404, "it returns 404 Not Found: is the document at another path"),
        ("<html>", 401, "it returns 401 Unauthorized: download the document with your credentials"),
        ("<html>", 200, "an HTML page, not a document"),
        ("<html><script>SwaggerUIBundle({url: '/v3/spec'})", 200, "/v3/spec: use that"),
    ],
)
def test_document_url_that_serves_no_document(
    tmp_path: Path, page: str, status: int, said: str
) -> None:
    with serving(page=page, status=status) as target:
        assert said in error_of(lockstep(tmp_path, f"{target.base_url}/o", target.base_url))


def test_address_where_nothing_listens(tmp_path: Path) -> None:
    with serving() as target:
        url = target.base_url
    assert "nothing listens there" in error_of(lockstep(tmp_path, f"{url}/o", url))
    assert "nothing listens there" in error_of(lockstep(tmp_path, described(), url))
    secure = url.replace("http:", "https:")
    with serving() as target:
        secure = target.base_url.replace("http:", "https:")
        assert "does not speak HTTPS" in error_of(lockstep(tmp_path, f"{secure}/o", url))
        said = error_of(lockstep(tmp_path, described(), secure))
    assert f"it speaks http there: use {target.base_url}" in said


def test_plain_http_to_an_https_server(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    with serving(tls=made.server(asks=False)) as target:
        port = target.address[1]
        said = error_of(lockstep(tmp_path, described(), f"http://127.0.0.1:{port}"))
        assert f"it speaks https there: use https://127.0.0.1:{port}" in said
        said = error_of(lockstep(tmp_path, described(), f"https://127.0.0.1:{port}"))
        assert (
            "its certificate is not signed by a trusted CA: add the CA with --ca-file FILE" in said
        )
        named = (f"--ca-file={made['ca.pem']}",)
        said = error_of(lockstep(tmp_path, described(), f"https://localhost:{port}", options=named))
        assert "its certificate is for another name" in said


@pytest.mark.parametrize(
    ("document", "served", "given", "right"),
    [
        (described("/api/v1", "/api/v1"), "/api/v1", "/api/v1", ""),
        (described("", "/api/v1"), "/api/v1", "/api/v1", ""),
        (described("/api/v1"), "/api/v1", "/v2", "/api/v1"),
        (described("/v1"), "/shop/v1", "/shop", "/shop/v1"),
        (described(), "/api", "/api/v9", "/api"),
    ],
)
def test_wrong_base_path(
    tmp_path: Path, document: dict[str, Any], served: str, given: str, right: str
) -> None:
    with serving(served) as target:
        said = error_of(lockstep(tmp_path, document, target.base_url + given))
    assert f"not below {target.base_url}{right}: use {target.base_url}{right}" in said


def test_missing_base_path(tmp_path: Path) -> None:
    with serving("/api") as target:
        said = error_of(lockstep(tmp_path, described(), target.base_url))
    assert "the document's `servers` name no base path: if the API has one" in said
    assert f"GET {target.base_url}/items" in said


def test_base_path_from_the_document_is_added(tmp_path: Path) -> None:
    with serving("/api/v1") as target:
        done = lockstep(tmp_path, described("https://x.example/api/v1"), target.base_url)
    assert f"t0: paths are below {target.base_url}/api/v1" in done.output


def test_base_path_is_added_for_a_document_without_reads(tmp_path: Path) -> None:
    document = described("https://x.example/api/v1")
    document["paths"]["/items"]["post"] = document["paths"]["/items"].pop("get")
    with serving("/api/v1") as target:
        done = lockstep(tmp_path, document, target.base_url)
    assert f"t0: paths are below {target.base_url}/api/v1" in done.output


def test_every_response_is_a_refusal_or_a_page(tmp_path: Path) -> None:
    with serving(status=401) as target:
        done = lockstep(tmp_path, described(), target.base_url)
    assert done.exit_code == 2
    assert "t0 returns 401 for every request, even where the document requires no" in done.output
    assert '    [[users]]\n    name = "ann"\n    token = "${ANN_TOKEN}"\n' in done.output
    with serving(page="<html>") as target:
        done = lockstep(tmp_path, described(), target.base_url)
    assert "t0 returns an HTML page for every request" in done.output
    with serving(status=302, location="/sign-in") as target:
        done = lockstep(tmp_path, described(), target.base_url)
    assert done.exit_code == 2
    assert "t0 redirects every request to /sign-in: does it require a login?" in done.output


def test_unknown_command_suggests_similar_ones() -> None:
    done = CliRunner().invoke(main, ["replya"])
    assert done.exit_code == 2
    assert "No such command 'replya'. Did you mean replay?" in done.output
    assert "No such command 'x'." in CliRunner().invoke(main, ["x"]).output


def test_other_text_sent_as_html_is_no_page(tmp_path: Path) -> None:
    with serving(page="<items><item>1</item></items>") as target:
        done = lockstep(tmp_path, described(), target.base_url)
    assert "an HTML page" not in done.output


@pytest.mark.parametrize(
    "url", ["http://h:99999", "http://h:80 b=http://h:81", "http://[::1", "h:80", "ftp://h"]
)
def test_invalid_url(tmp_path: Path, url: str) -> None:
    said = error_of(lockstep(tmp_path, described(), url))
    assert said.startswith("lockstep: targets[1]: t0: not a")
    assert url in said


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "http", "scheme": "basic"},
        {"type": "http", "scheme": "digest"},
        {"type": "http", "scheme": "bearer"},
        {"type": "apiKey", "in": "query", "name": "key"},
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}},
        {"type": "oauth2", "flows": {"password": {"tokenUrl": "/t", "scopes": {}}}},
        {"type": "openIdConnect", "openIdConnectUrl": "/c"},
    ],
)
def test_suggested_configuration_lines_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: dict[str, Any]
) -> None:
    document = described()
    document["security"] = [{"key": []}]
    document["components"] = {"securitySchemes": {"key": scheme}}
    with serving(status=401) as target:
        done = lockstep(tmp_path, document, target.base_url)
    shown = done.output.splitlines()
    start = shown.index("    [[users]]")
    toml = tmp_path / "pasted.toml"
    toml.write_text("\n".join(line for line in shown[start:] if line.startswith("    ")))
    for name in ("ANN_PASSWORD", "ANN_TOKEN", "CLIENT_SECRET"):
        monkeypatch.setenv(name, "known-17")
    (ann,) = make_actors(make_plan({}, toml).source, Document(document))
    assert ann.name == "ann"


def test_broken_pipe_does_not_change_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(described()))
    with serving() as target:
        command = [
            *(sys.executable, "-m", "lockstep", "run", str(path), "--no-fuzz"),
            *(f"--target={name}={target.base_url}" for name in "ab"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        # Nothing was tested; 1 would mean a difference.
        assert process.wait(60) == 2
    assert b"Traceback" not in said
