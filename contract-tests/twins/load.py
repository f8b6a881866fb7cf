"""Sends one kind of request over and over, and tells what that took."""

import json
import subprocess
import urllib.request
from dataclasses import dataclass

from twins.migrations import SAMPLE_USER
from twins.paths import TOOLING
from twins.servers import node_program
from twins.usage import cpu_seconds

SECONDS = 3
CONNECTIONS = 16
WARM_AFTER = 2000

_AUTOCANNON = TOOLING / "bench/node_modules/autocannon/autocannon.js"


@dataclass(frozen=True)
class Load:
    """One kind of request; body is JSON text."""

    name: str
    method: str
    path: str
    body: str | None = None


@dataclass(frozen=True)
class Rate:
    """Requests answered in a second, and the server's processor time for one, in milliseconds."""

    per_second: float
    cpu_ms: float


def warm_up(address: str, load: Load, token: str) -> None:
    """Send as many requests as a server needs until it is as fast as it gets."""
    _send(address, load, token, "--amount", str(WARM_AFTER))


def measure(address: str, load: Load, token: str, pid: int) -> Rate:
    """Send a load for a while to the server that runs in a process and its children.

    Raises RuntimeError if an answer is no success.
    """
    before = cpu_seconds(pid)
    told = _send(address, load, token, "--duration", str(SECONDS))
    spent = cpu_seconds(pid) - before
    return Rate(told["2xx"] / told["duration"], spent * 1000 / told["2xx"])


def _send(address: str, load: Load, token: str, *until: str) -> dict[str, float]:
    command = [node_program(), str(_AUTOCANNON), "--json", "--method", load.method]
    command += ["--connections", str(CONNECTIONS), *until]
    command += ["--headers", f"Authorization=Bearer {token}"]
    if load.body is not None:
        command += ["--headers", "Content-Type=application/json", "--body", load.body]
    run = subprocess.run([*command, address + load.path], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"autocannon failed:\n{run.stderr}")
    told: dict[str, float] = json.loads(run.stdout)
    failures = told["non2xx"] + told["errors"]
    if failures:
        raise RuntimeError(f"{load.name} at {address}: {failures} requests failed")
    return told


def fetch(address: str, load: Load, token: str) -> tuple[bytes, str | None]:
    """Send it once and return the answer's body and entity tag."""
    return _fetch(address + load.path, load.method, load.body, {"Authorization": f"Bearer {token}"})


def log_in(address: str) -> str:
    """Return an access token of the sample user."""
    body = json.dumps({"email": SAMPLE_USER.email, "password": SAMPLE_USER.password})
    told, _ = _fetch(f"{address}/api/v1/auth/login", "POST", body, {})
    return str(json.loads(told)["access_token"])


def _fetch(
    url: str, method: str, body: str | None, headers: dict[str, str]
) -> tuple[bytes, str | None]:
    if body is not None:
        headers = headers | {"Content-Type": "application/json"}
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read(), answer.headers["ETag"]
