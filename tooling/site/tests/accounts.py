"""Log-ins for tests that act as clients of a twin."""

import httpx

from testbed.migrations import Credentials
from testbed.servers import TwinServer


def log_in(server: TwinServer, who: Credentials) -> dict[str, str]:
    """The tokens of a new session."""
    body = {"email": who.email, "password": who.password}
    answer = httpx.post(f"{server.base_url}/api/v1/auth/login", json=body).raise_for_status()
    tokens: dict[str, str] = answer.json()
    return tokens
