"""Shortens the sequences of findings by trying them on the live targets."""

from __future__ import annotations

from collections.abc import Iterable

from lockstep.exchange import Exchanger
from lockstep.findings import PARITY, Finding

# Each try is one request to every target.
MAX_TRIES = 25


def minimise(findings: Iterable[Finding], exchanger: Exchanger) -> None:
    """Leave out of each sequence what the difference does not need.

    The last request alone is sent once more. Where the answers differ in the same way again, only
    the requests stay that made the values which it names.
    """
    tries = 0
    for finding in findings:
        shorter = exchanger.trace.sequence(finding.sequence[-1], writes=False)
        if finding.category != PARITY or len(shorter) == len(finding.sequence):
            continue
        tries += 1
        if tries > MAX_TRIES:
            return
        differences = exchanger.differences(finding.sequence[-1].request)
        if any((found.kind, found.where) == (finding.kind, finding.where) for found in differences):
            finding.sequence = shorter
