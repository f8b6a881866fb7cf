"""Both twins encrypt connections to PostgreSQL and verify its certificate as configured."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from testbed.servers import KINDS, TEST_SETTINGS, TwinServer
from testbed.stage import CLEAN, Stage
from testbed.tls import has_openssl, make_authority, make_certificate, tls_relay

pytestmark = pytest.mark.skipif(not has_openssl(), reason="OpenSSL makes the certificates.")
_SECONDS = 30.0


@dataclass(frozen=True)
class Certificates:
    """Two CAs, and certificates of the first one for the right address and for another one."""

    authority: Path
    other_authority: Path
    right: Path
    wrong: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = Path(tmp_path_factory.mktemp("certificates"))
    authority = make_authority(folder, "authority")
    return Certificates(
        authority=authority,
        other_authority=make_authority(folder, "other"),
        right=make_certificate(authority, "right", "IP:127.0.0.1", "DNS:localhost"),
        wrong=make_certificate(authority, "wrong", "IP:127.0.0.2", "DNS:elsewhere.example"),
    )


@pytest.fixture(scope="module")
def urls(stage: Stage, certificates: Certificates) -> Iterator[dict[str, str]]:
    """URLs of a database: without TLS, and through a relay with either certificate."""
    plain = stage.databases.create("tls", template=CLEAN)
    address = urlsplit(plain)
    assert address.hostname is not None
    assert address.port is not None
    where = address.hostname, address.port
    with (
        tls_relay(*where, certificates.right) as right,
        tls_relay(*where, certificates.wrong) as wrong,
    ):
        yield {
            "plain": plain,
            **{
                name: plain.replace(f"@{address.hostname}:{address.port}/", f"@127.0.0.1:{port}/")
                for name, port in (("right", right), ("wrong", wrong))
            },
        }
    stage.databases.drop("tls")


@contextmanager
def twin(kind: str, url: str, log: Path) -> Iterator[TwinServer]:
    """A running twin, whether or not its database is reachable."""
    server = TwinServer(kind, url, log, {**TEST_SETTINGS, "DATABASE_TIMEOUT_MS": "2000"})
    server.launch()
    try:
        ending = time.monotonic() + _SECONDS
        while asked(server, "/health")[0] != 200:
            assert server.wait(0.05) is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < ending
        yield server
    finally:
        server.stop()


def asked(server: TwinServer, path: str) -> tuple[int, bytes]:
    """The status code and the body of the response; 0 if there is none."""
    try:
        with urllib.request.urlopen(f"{server.base_url}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("where", "mode"),
    [
        ("right", "require"),
        ("right", "verify-full&sslrootcert={0.authority}"),
        # The wrong certificate is not verified.
        ("wrong", "require"),
    ],
)
def test_connection_is_encrypted(
    kind: str,
    where: str,
    mode: str,
    urls: dict[str, str],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    """The relay accepts only TLS."""
    url = f"{urls[where]}?sslmode={mode.format(certificates)}"
    with twin(kind, url, tmp_path / "log") as server:
        assert asked(server, "/ready") == (200, b'{"status":"ready"}')


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("where", "mode"),
    [
        ("wrong", "verify-full&sslrootcert={0.authority}"),
        ("right", "verify-full&sslrootcert={0.other_authority}"),
        ("right", "verify-full"),
        ("right", "disable"),
        ("plain", "require"),
        ("plain", "verify-full&sslrootcert={0.authority}"),
    ],
    ids=[
        *("wrong host", "unknown authority", "not the system's", "not asked for"),
        *("not offered", "not offered to who looks"),
    ],
)
def test_untrusted_certificate_is_an_outage(
    kind: str,
    where: str,
    mode: str,
    urls: dict[str, str],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    url = urls[where]
    log = tmp_path / "log"
    with twin(kind, f"{url}?sslmode={mode.format(certificates)}", log) as server:
        status, body = asked(server, "/ready")
    assert (status, json.loads(body)["code"]) == (503, "unavailable")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    logged = [line for line in lines if line["event"] == "database_unavailable"]
    assert [(line["level"], line["cause"], line["sqlstate"]) for line in logged] == [
        ("error", "lost", None)
    ]
    password = urlsplit(url).password
    assert password
    assert password not in log.read_text(encoding="utf-8")
