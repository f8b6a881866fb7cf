"""Samples changes until there are enough that type-check and boot."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from suite.automatic.changes import Change, order, read_source
from suite.automatic.node_operators import type_faults
from suite.automatic.python_operators import compiles
from suite.automatic.sources import all_changes
from suite.mutation import build
from testbed.databases import Databases
from testbed.paths import BUILD, ROOT
from testbed.servers import KINDS, Kind, ServerError, TwinServer
from testbed.stage import CLEAN

NO_COMPILE, NO_BOOT = "does not compile", "does not boot"
LOGS = BUILD / "logs/mutants-sample"


@dataclass(slots=True)
class Sample:
    """The sampled changes, and the skipped ones with the reason."""

    changes: list[Change] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def draw(
    size: int,
    seed: int,
    databases: Databases,
    known: Mapping[str, str],
    at_once: int,
    progress: Callable[[str], None],
) -> Sample:
    """Sample a number of changes, half of each twin, that type-check and boot.

    known: the changes that an earlier run of the same sample skipped, by id.
    """
    sample = Sample()
    url = databases.create("screening", template=CLEAN)
    for kind, share in zip(KINDS, (size - size // 2, size // 2), strict=True):
        drawn = order(all_changes(kind), seed)
        chosen: list[Change] = []
        while len(chosen) < share:
            batch = list(itertools.islice(drawn, share - len(chosen)))
            if not batch:
                break
            reasons = {each.id: known[each.id] for each in batch if each.id in known}
            rest = [each for each in batch if each.id not in reasons]
            reasons |= _left_out(kind, rest, url, at_once)
            sample.left_out |= reasons
            chosen += [each for each in batch if each.id not in reasons]
            progress(f"{kind}: {len(chosen)} of {share} mutants drawn")
        sample.changes += chosen
    databases.drop("screening")
    return sample


def _left_out(kind: Kind, batch: Sequence[Change], url: str, at_once: int) -> dict[str, str]:
    reasons = dict.fromkeys(_not_compiled(kind, batch), NO_COMPILE)
    rest = [each for each in batch if each.id not in reasons]
    with ThreadPoolExecutor(at_once) as threads:
        boots = list(threads.map(lambda each: _boots(kind, each, url), rest))
    return reasons | {
        each.id: NO_BOOT for each, is_up in zip(rest, boots, strict=True) if not is_up
    }


def _not_compiled(kind: Kind, batch: Sequence[Change]) -> Iterator[str]:
    texts = [read_source(ROOT, each) for each in batch]
    changed = [each.applied(text) for each, text in zip(batch, texts, strict=True)]
    if kind == "python":
        for each, before, after in zip(batch, texts, changed, strict=True):
            if not compiles(before, after):
                yield each.id
        return
    files = [each.file for each in batch]
    for each, fault in zip(batch, type_faults(list(zip(files, changed, strict=True))), strict=True):
        if fault:
            yield each.id


def _boots(kind: Kind, change: Change, url: str) -> bool:
    log = LOGS / f"{change.id}-{os.getpid()}.log"
    with tempfile.TemporaryDirectory(prefix="task-timer-mutant-") as folder:
        command = build(change.mutant(read_source(ROOT, change)), Path(folder))
        server = TwinServer(kind, url, log, command=command)
        try:
            server.launch()
            server.settle()
        except ServerError:
            return False
        finally:
            server.kill()
    return True
