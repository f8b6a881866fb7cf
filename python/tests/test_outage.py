"""The server reports an outage of its database, and recovers without a restart."""

from pathlib import Path

import pytest

from task_timer.config import Settings

from .clients import PASSWORD, fresh_email
from .servers import Proxy, Server, running


@pytest.fixture
def proxy(settings: Settings) -> Proxy:
    return Proxy(settings.database_url)


def log_in(server: Server) -> str:
    credentials = {"email": fresh_email(), "password": PASSWORD}
    server.send("POST", "/api/v1/auth/register", credentials)
    _, tokens = server.send("POST", "/api/v1/auth/login", credentials)
    return str(tokens["access_token"])


def test_server_reports_and_survives_a_database_outage(proxy: Proxy, tmp_path: Path) -> None:
    proxy.open()
    with running(tmp_path / "log", DATABASE_URL=proxy.url) as server:
        token = log_in(server)
        assert server.send("GET", "/ready")[0] == 200
        proxy.cut()
        for _ in range(3):
            assert server.send("GET", "/health")[0] == 200
            assert server.send("GET", "/ready")[1]["code"] == "unavailable"
            status, problem = server.send("GET", "/api/v1/tasks", token=token)
            assert (status, problem["code"]) == (503, "unavailable")
        proxy.open()
        assert server.send("GET", "/ready")[0] == 200
        assert server.send("GET", "/api/v1/tasks", token=token)[0] == 200
        proxy.cut()


def test_server_starts_without_a_database(proxy: Proxy, tmp_path: Path) -> None:
    with running(tmp_path / "log", DATABASE_URL=proxy.url) as server:
        assert server.send("GET", "/ready")[0] == 503
        proxy.open()
        assert server.send("GET", "/ready")[0] == 200
        proxy.cut()
