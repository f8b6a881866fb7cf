"""The table of operations: the requests and responses of each."""

from __future__ import annotations

from collections.abc import Mapping

from lockstep.report.steps import Data


def rows(
    data: Data, most: int, *, only_wrong: bool = False, only_sent: bool = False
) -> list[tuple[str, Data]]:
    """Return (title, record with `names`) of up to `most` documented operations, then of others.

    If there are more, those with differences come first; with `only_wrong` only they are included.
    With `only_sent` the operations that were not sent are combined in one row.
    """
    every = data["operations"]
    documented = [(name, one) for name, one in every.items() if one["documented"]]
    others = {name: one for name, one in every.items() if not one["documented"]}
    if only_wrong:
        documented = [item for item in documented if is_wrong(item[1])]
        others = others if any(map(is_wrong, others.values())) else {}
    unsent = {name: one for name, one in documented if only_sent and not one["exchanges"]}
    documented = [item for item in documented if item[0] not in unsent]
    if len(documented) > most:
        documented.sort(key=lambda item: not is_wrong(item[1]))
    hidden = dict(documented[most:])
    shown = [(name, {**one, "names": [name]}) for name, one in documented[:most]]
    for title, records in (
        (f"{len(hidden)} more operations", hidden),
        (f"{len(unsent)} operation{'s' * (len(unsent) != 1)} not sent", unsent),
        (f"undocumented, of {len(others)} kinds", others),
    ):
        if records:
            shown.append((title, _together(records)))
    return shown


def is_wrong(record: Data) -> bool:
    """Whether targets differ in an operation, or violate the document."""
    return bool(record["differing"] or record["nonconforming"])


def _together(records: Mapping[str, Data]) -> Data:
    """Combine several operations in one row; `names` lists them."""
    total: Data = {"documented": False, "exchanges": 0, "differing": 0, "statuses": {}}
    wrong: dict[str, int] = {}
    for record in records.values():
        total["exchanges"] += record["exchanges"]
        total["differing"] += record["differing"]
        for name, count in record["nonconforming"].items():
            wrong[name] = wrong.get(name, 0) + count
        for name, counts in record["statuses"].items():
            known = total["statuses"].setdefault(name, {})
            for status, count in counts.items():
                known[status] = known.get(status, 0) + count
    return {**total, "nonconforming": wrong, "names": list(records)}
