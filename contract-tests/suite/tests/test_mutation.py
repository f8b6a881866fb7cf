"""Mutants apply to the current twins, and their patches change copies and not the twins."""

import json
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from lockstep.mutants import Mutant, MutantError, Replacement, load_mutants
from suite import mutation
from testbed.commands import manage
from testbed.paths import ROOT
from testbed.servers import INSTEAD, KINDS, Kind, TwinServer
from testbed.stage import CLEAN, Stage

MUTANTS = load_mutants(mutation.MUTANTS)
# Mutants that only the fault driver detects are in a separate file.
LAYERS = {"route", "schema", "service", "query", "migration", "middleware", "config", "http"}


def mutant(target: str, file: str, find: str, replace: str) -> Mutant:
    patch = (Replacement(file, find, replace),)
    return Mutant("one", target, "service", "Says nothing.", patch=patch)


@pytest.mark.parametrize("each", MUTANTS, ids=lambda each: each.id)
def test_patch_applies(each: Mutant) -> None:
    each.patched(ROOT)


@pytest.mark.parametrize("each", [each for each in MUTANTS if each.sql], ids=lambda each: each.id)
def test_sql_applies(each: Mutant, stage: Stage) -> None:
    stage.databases.create("mutant", template=CLEAN)
    try:
        stage.databases.execute("mutant", each.sql)
    finally:
        stage.databases.drop("mutant")


def test_each_twin_has_thirty_mutants_and_some_in_every_layer() -> None:
    assert min(Counter(each.target for each in MUTANTS).values()) >= 30
    for kind in KINDS:
        seen = {each.layer for each in MUTANTS if each.target == kind}
        assert seen == {*LAYERS, "fault", "replica", "rows"}


def test_quick_mutants_cover_every_layer_and_both_twins() -> None:
    quick = [each for each in MUTANTS if "quick" in each.tags]
    assert len(quick) == 12
    assert {each.layer for each in quick} == LAYERS
    assert Counter(each.target for each in quick) == {"python": 6, "node": 6}


def test_mutated_typescript_is_compiled(tmp_path: Path) -> None:
    replace = "export /* patched */ function makeEtag"
    each = mutant("node", "node/src/utils/etag.ts", "export function makeEtag", replace)
    mutation.build(each, tmp_path)
    compiled = (tmp_path / "node/dist/utils/etag.js").read_text(encoding="utf-8")
    assert "/* patched */" in compiled
    assert ": string" not in compiled


@pytest.mark.parametrize(
    ("kind", "file"),
    [("python", "python/task_timer/utils/etag.py"), ("node", "node/src/utils/etag.ts")],
)
def test_mutant_has_the_commands_and_the_site_of_its_twin(
    kind: Kind, file: str, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = mutation.build(mutant(kind, file, "make", "make"), tmp_path)
    monkeypatch.setenv(INSTEAD, json.dumps({kind: command}))
    url = stage.databases.create(f"mutant_{kind}", template="migrated")
    seeded = manage(kind, ("seed",), url, {})
    assert (seeded.stdout.partition("\n")[0], seeded.stderr) == ("users: 3", "")
    with (
        TwinServer(kind, url, tmp_path / "log") as server,
        urllib.request.urlopen(f"{server.base_url}/docs", timeout=30) as response,
    ):
        assert response.status == 200
    stage.databases.drop(f"mutant_{kind}")


def test_patch_of_the_other_twin_is_rejected(tmp_path: Path) -> None:
    each = mutant("python", "node/src/utils/etag.ts", "export function makeEtag", "")
    with pytest.raises(MutantError, match="is not below python/task_timer"):
        mutation.build(each, tmp_path)
