"""The sampled mutants as a catalogue in the format of the handwritten one."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.mutants import Mutant
from suite.automatic.changes import Change, as_entry, read_source
from testbed.paths import BUILD, ROOT

CATALOGUE = BUILD / "mutants-sample"
# The driver that catches most mutants of a folder, where it is not the first one.
_FIRST: Mapping[str, str] = {
    "config": "startup",
    "database_url": "startup",
    "manage": "processes",
    "prune_service": "processes",
    "sample_data": "processes",
    "server": "faults",
}


def write_catalogue(changes: Sequence[Change], folder: Path = CATALOGUE) -> list[Mutant]:
    """Write a file for each source folder; return the mutants in the order of the changes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mutants = [each.mutant(read_source(ROOT, each), _first(each)) for each in changes]
    for layer in dict.fromkeys(each.layer for each in mutants):
        entries = [as_entry(each) for each in mutants if each.layer == layer]
        path = folder / f"{layer.replace('/', '-')}.yaml"
        # JSON is YAML.
        path.write_text(json.dumps({"layer": layer, "mutants": entries}, indent=1), "utf-8")
    return mutants


def _first(change: Change) -> str | None:
    stem = Path(change.file).stem.replace("-", "_")
    return _FIRST.get(stem) or _FIRST.get(change.folder)
