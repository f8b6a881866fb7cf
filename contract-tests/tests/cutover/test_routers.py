"""Shares are set in Caddy, and in files for nginx, HAProxy and Envoy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.cutover import NEW, NEW_PLACE, OLD, OLD_PLACE, Stand, free_port, standing

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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("percent", [0, 12.5, 100])
def test_files_equal_the_golden_ones(kind: RouterKind, percent: float, tmp_path: Path) -> None:
    text = file_router(kind, tmp_path).configuration(percent)
    golden = GOLDEN / f"{kind}-{percent:g}.{KINDS[kind]}"
    assert text == golden.read_text(encoding="utf-8")


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
