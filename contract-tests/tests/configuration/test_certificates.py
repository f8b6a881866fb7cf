"""Client certificates (mutual TLS), and errors in their configuration."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.certificates import Certificates, make_certificates
from fixtures.guarded import document, guarded

from lockstep.cli import main

RAW = document({"type": "mutualTLS"})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA, and the certificates that it has issued."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable slow stages that have nothing to do with certificates."""
    for name in ("general_traps", "probe"):
        monkeypatch.setattr(f"lockstep.run.Run.{name}", lambda *_: None)


def lockstep(
    folder: Path,
    certificates: Certificates,
    config: str = "",
    *options: str,
    asks: tuple[bool, bool] = (True, True),
) -> Result:
    """The result of the command against two HTTPS servers."""
    with serving(certificates, asks=asks) as urls:
        return compared(folder, certificates, urls, config, *options)


@contextmanager
def serving(
    certificates: Certificates, *faults: str, asks: tuple[bool, bool] = (True, True)
) -> Iterator[dict[str, str]]:
    """The URLs of two HTTPS servers, the second of which has the faults."""
    urls = {}
    with ExitStack() as stack:
        for name, asking, wrong in zip(("old", "new"), asks, ((), faults), strict=True):
            tls = certificates.server(asks=asking)
            target, _ = stack.enter_context(guarded(name, lambda _: "anybody", *wrong, tls=tls))
            urls[name] = f"https://127.0.0.1:{target.address[1]}"
        yield urls


def compared(
    folder: Path, certificates: Certificates, urls: dict[str, str], config: str, *options: str
) -> Result:
    """The result of the command against servers, with these configuration lines for each."""
    (folder / "openapi.json").write_text(json.dumps(RAW))
    toml = folder / "lockstep.toml"
    tables = (f'[[targets]]\nname = "{name}"\nurl = "{url}"\n' for name, url in urls.items())
    toml.write_text("\n".join(table + config for table in tables))
    given = [str(folder / "openapi.json"), f"--config={toml}", f"--json={folder / 'r.json'}"]
    trusted = f"--ca-file={certificates['ca.pem']}"
    return CliRunner().invoke(main, ["run", *given, trusted, "--phase=examples", *options])


def lines(certificates: Certificates, *names: str, password: str = "") -> str:
    """The configuration lines of a target."""
    keys = ("cert_file", "key_file")
    entries = [f'{key} = "{certificates[n]}"\n' for key, n in zip(keys, names, strict=False)]
    return "".join(entries) + (f'key_password = "{password}"\n' if password else "")


@pytest.mark.parametrize(
    ("names", "password"),
    [
        (("client.pem", "client.key"), ""),
        (("both.pem",), ""),
        (("client.pem", "locked.key"), "sesame-42"),
    ],
)
def test_client_certificate_of_the_configuration_is_used(
    tmp_path: Path, certificates: Certificates, names: tuple[str, ...], password: str
) -> None:
    done = lockstep(tmp_path, certificates, lines(certificates, *names, password=password))
    assert done.exit_code == 0, done.output
    data: dict[str, Any] = json.loads((tmp_path / "r.json").read_text())
    assert data["notes"] == [
        "without the client certificate old closes the connection, new closes the connection"
    ]
    assert "sesame-42" not in done.output + (tmp_path / "r.json").read_text()


def test_client_certificate_of_the_command_line_is_used(
    tmp_path: Path, certificates: Certificates
) -> None:
    options = (f"--cert={certificates['client.pem']}", f"--key={certificates['client.key']}")
    done = lockstep(tmp_path, certificates, "", *options)
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["untested"] == []
    assert "client certificate" in data["notes"][0]


def test_commands_of_a_finding_use_the_client_certificate(
    tmp_path: Path, certificates: Certificates
) -> None:
    with serving(certificates, "loses") as urls:
        config = lines(certificates, "client.pem", "client.key")
        assert compared(tmp_path, certificates, urls, config).exit_code == 1
        found = json.loads((tmp_path / "r.json").read_text())["findings"]
        (lost,) = (each for each in found if each["where"] == "body /text")
        made = [step for step in lost["steps"] if step["request"]["method"] == "POST"]
        commands = ["bash", "-c", made[0]["curl"]["new"]]
        line = subprocess.run(commands, capture_output=True, text=True, check=True)
        (tmp_path / "steps.sh").write_text(lost["script"])
        played = subprocess.run(
            ["bash", str(tmp_path / "steps.sh"), urls["new"]], capture_output=True, text=True
        )
    assert line.stdout.startswith("HTTP/1.1 201")
    assert (played.returncode, '"text": ""' in played.stdout) == (0, True), played.stderr


def test_server_without_client_authentication_differs(
    tmp_path: Path, certificates: Certificates
) -> None:
    config = lines(certificates, "client.pem", "client.key")
    done = lockstep(tmp_path, certificates, config, asks=(True, False))
    assert done.exit_code == 1
    assert (
        "without the client certificate old closes the connection, new returns 200" in done.output
    )


@pytest.mark.parametrize("names", [(), ("stranger.pem", "stranger.key")])
def test_rejected_client_certificate_is_reported_with_a_remedy(
    tmp_path: Path, certificates: Certificates, names: tuple[str, ...]
) -> None:
    done = lockstep(tmp_path, certificates, lines(certificates, *names))
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    said = "rejects the client certificate" if names else "--cert FILE --key"
    assert said in done.output


@pytest.mark.parametrize(
    ("names", "password", "message"),
    [
        (("absent.pem",), "", "cert_file: no such file"),
        (("client.pem",), "", "or its key is in another file: set key_file to it"),
        (("client.pem", "server.key"), "", "is not the key of"),
        (("names", "client.key"), "", "no certificate and key in PEM form"),
        (("client.pem", "locked.key"), "", "key_password: it is needed for"),
        (("client.pem", "locked.key"), "wrong-one", "key_password: it does not decrypt"),
    ],
)
def test_invalid_certificate_file_is_named(
    tmp_path: Path, certificates: Certificates, names: tuple[str, ...], password: str, message: str
) -> None:
    done = lockstep(tmp_path, certificates, lines(certificates, *names, password=password))
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_key_without_a_certificate_is_rejected(tmp_path: Path, certificates: Certificates) -> None:
    done = lockstep(tmp_path, certificates, f'key_file = "{certificates["client.key"]}"\n')
    assert (done.exit_code, "also set cert_file" in done.output) == (2, True)
