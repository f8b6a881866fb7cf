"""Mutants apply to the current twins, and their patches change copies and not the twins."""

from collections import Counter
from pathlib import Path

import pytest

from lockstep.mutants import Mutant, MutantError, Replacement, load_mutants
from suite import mutation
from testbed.paths import ROOT
from testbed.servers import KINDS

MUTANTS = load_mutants(mutation.MUTANTS)
# Mutants that only the fault driver detects are in a separate file.
LAYERS = {"route", "schema", "service", "query", "migration", "middleware", "config", "http"}


def mutant(target: str, file: str, find: str, replace: str) -> Mutant:
    patch = (Replacement(file, find, replace),)
    return Mutant("one", target, "service", "Says nothing.", patch=patch)


@pytest.mark.parametrize("each", MUTANTS, ids=lambda each: each.id)
def test_patch_applies(each: Mutant) -> None:
    each.patched(ROOT)


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
    compiled = (tmp_path / "dist/utils/etag.js").read_text(encoding="utf-8")
    assert "/* patched */" in compiled
    assert ": string" not in compiled


def test_patch_of_the_other_twin_is_rejected(tmp_path: Path) -> None:
    each = mutant("python", "node/src/utils/etag.ts", "export function makeEtag", "")
    with pytest.raises(MutantError, match="is not below python/task_timer"):
        mutation.build(each, tmp_path)
