"""Sends one kind of request over and over, and tells how many were answered in a second."""

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from typing import Any

from twins.migrations import SAMPLE_USER
from twins.paths import TOOLING
from twins.servers import node_program

SECONDS = 4
CONNECTIONS = 16

_AUTOCANNON = TOOLING / "bench/node_modules/autocannon/autocannon.js"


@dataclass(frozen=True)
class Load:
    """One kind of request; body is JSON text."""

    name: str
    method: str
    path: str
    body: str | None = None


def requests_per_second(address: str, load: Load, token: str) -> float:
    """Send a load for a while. Raises RuntimeError if an answer is no success."""
    command = [node_program(), str(_AUTOCANNON), "--json", "--method", load.method]
    command += ["--connections", str(CONNECTIONS), "--duration", str(SECONDS)]
    command += ["--headers", f"Authorization=Bearer {token}"]
    if load.body is not None:
        command += ["--headers", "Content-Type=application/json", "--body", load.body]
    run = subprocess.run([*command, address + load.path], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"autocannon failed:\n{run.stderr}")
    told = json.loads(run.stdout)
    failures = told["non2xx"] + told["errors"]
    if failures:
        raise RuntimeError(f"{load.name} at {address}: {failures} requests failed")
    return float(told["2xx"] / told["duration"])


def send(address: str, load: Load, token: str) -> dict[str, Any]:
    """Send it once and return the answer's JSON."""
    headers = {"Authorization": f"Bearer {token}"}
    return _json(address + load.path, load.method, load.body, headers)


def log_in(address: str) -> str:
    """Return an access token of the sample user."""
    body = json.dumps({"email": SAMPLE_USER.email, "password": SAMPLE_USER.password})
    return str(_json(f"{address}/api/v1/auth/login", "POST", body, {})["access_token"])


def _json(url: str, method: str, body: str | None, headers: dict[str, str]) -> dict[str, Any]:
    if body is not None:
        headers = headers | {"Content-Type": "application/json"}
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        told: dict[str, Any] = json.load(answer)
    return told
