"""Turns the results of a run into findings with sentences, classes and severities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lockstep.explain.attribution import (
    ROWS,
    SILENT,
    class_of,
    concerns_parity,
    wrong_alike,
    wrong_by_document,
)
from lockstep.explain.clusters import cluster, merged
from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.sentences import sentence
from lockstep.explain.severity import severity_of
from lockstep.explain.stories import merge_story_failures
from lockstep.explain.underspecification import Gap, lacking
from lockstep.explain.words import call
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import Place, parts_of, place_in, response_schema
from lockstep.results.faults import FaultLog
from lockstep.results.findings import CONFORMANCE, EFFECTS, PARITY, Finding
from lockstep.results.request_reader import RequestReader
from lockstep.results.tried import Tried
from lockstep.transport.messages import NoResponse

__all__ = ["Explainer"]


class Explainer:
    """Groups findings by cause, and sets class, severity and sentences."""

    def __init__(self, document: Document, conformance: Conformance) -> None:
        self._document = document
        self._reader = RequestReader(document, conformance)

    def explain(
        self,
        findings: Iterable[Finding],
        targets: Iterable[str],
        tried: Tried,
        faults: FaultLog | None = None,
    ) -> list[Finding]:
        """Return one finding per cause, the most severe first.

        `targets` are all those of the run. Violations of the document by the very difference that
        is a finding are attached to it. A finding that cannot be explained gets a plain sentence,
        and is noted in `faults`.
        """
        everyone, every = tuple(targets), list(findings)
        log = faults if faults is not None else FaultLog()
        parity = _together([f for f in every if f.category != CONFORMANCE], tried, log)
        parity = _without_shown(parity)
        for finding in parity:
            finding.breaks = []
            self._tell(finding, everyone, log)
        parity = merge_story_failures(parity)
        broken = [one for one in every if one.category == CONFORMANCE]
        for finding in broken:
            finding.at_fault = wrong_alike(finding)
        left = _under_parity(broken, parity)
        conformance = _together(left, tried, log)
        for finding in (*conformance, *(one for each in parity for one in each.breaks)):
            self._tell(finding, everyone, log)
        return sorted([*parity, *conformance], key=lambda one: (-one.severity, len(one.sequence)))

    def sentence(self, finding: Finding, targets: Iterable[str]) -> str:
        """Return the sentence on what is known so far in a run, without changing the finding."""
        copy = replace(finding, breaks=[])
        self._tell(copy, tuple(targets), FaultLog())
        return copy.sentence

    def _tell(self, finding: Finding, everyone: tuple[str, ...], faults: FaultLog) -> None:
        where = f"{finding.operation}, {finding.kind}"
        with faults.about(f"{where}: cannot be explained"):
            self._fill(finding, everyone)
        if not finding.sentence:
            values = ", ".join(f"{name} {value}" for name, value in finding.values.items())
            finding.sentence = f"`{finding.operation}`: {finding.kind}, {finding.where}: {values}"

    def _fill(self, finding: Finding, everyone: tuple[str, ...]) -> None:
        exchange = finding.sequence[-1] if finding.sequence else None
        operation = None
        fault = None
        if exchange is not None:
            request = exchange.request
            operation = self._document.find(request.method, request.path)
            fault = self._reader.fault(operation, request) if operation is not None else None
        place = self._place(finding, operation)
        context = SentenceContext(
            finding, call(operation, exchange, finding.operation), place, operation
        )
        if finding.category == PARITY:
            # Without the exchange, the target at fault cannot be determined.
            finding.at_fault = wrong_by_document(finding, fault) if exchange is not None else ()
            finding.verdict = class_of(finding.at_fault, finding.targets, alike=False)
        elif finding.category == EFFECTS:
            finding.verdict = ROWS
        else:
            finding.at_fault = wrong_alike(finding)
            finding.verdict = class_of(finding.at_fault, everyone, alike=True)
        finding.severity = severity_of(finding, place)
        finding.sentence = _capital(sentence(context))
        if finding.verdict == SILENT and operation is not None:
            finding.silence = lacking(Gap(finding, operation, place, context.when))

    def _place(self, finding: Finding, operation: Operation | None) -> Place:
        answer = finding.sequence[-1].leader if finding.sequence else NoResponse("")
        if isinstance(answer, NoResponse) or not finding.where.startswith("body"):
            return Place("", "")
        schema = response_schema(operation, answer.status, answer.media_type)
        where = finding.where
        if finding.kind == "body_schema":
            where = where.rpartition(" ")[0]
        return place_in(self._document, schema, parts_of(where))


def _together(findings: list[Finding], tried: Tried, faults: FaultLog) -> list[Finding]:
    """Merge the findings of each cause; without a result, all are returned as they are."""
    with faults.about("findings with one cause cannot be grouped"):
        return [merged(one) for one in cluster(findings, tried)]
    return findings


def _without_shown(parity: list[Finding]) -> list[Finding]:
    """Drop findings on columns that a response to the same request shows to differ."""
    shown = {
        (exchange.label, finding.where.rpartition("/")[2])
        for finding in parity
        if finding.category == PARITY
        for exchange in finding.sequence
    }
    return [
        finding
        for finding in parity
        if finding.category != EFFECTS
        or (finding.operation, finding.where.rpartition(".")[2]) not in shown
    ]


def _under_parity(broken: Iterable[Finding], parity: Iterable[Finding]) -> list[Finding]:
    """Attach violations to the difference that they are about, and return the others."""
    blamed = [one for one in parity if one.category == PARITY and one.at_fault]
    kept = []
    for finding in broken:
        cause = next((one for one in blamed if concerns_parity(one, finding)), None)
        if cause is None:
            kept.append(finding)
        elif finding.kind != "server_error":
            # That a 5xx is wrong needs no second sentence.
            cause.breaks.append(finding)
    return kept


def _capital(text: str) -> str:
    return text if text.startswith("`") else text[:1].upper() + text[1:]
