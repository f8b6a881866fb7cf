"""Turns buckets of differences into findings that people understand."""

from __future__ import annotations

from collections.abc import Iterable

from lockstep.explain.attribution import (
    SILENT,
    class_of,
    wrong_alike,
    wrong_by_document,
)
from lockstep.explain.folding import Cause, cause_of, under_first, under_parity
from lockstep.explain.notable_input import when
from lockstep.explain.requests import RequestReader
from lockstep.explain.resource_context import ResourceContext, resource_context_of
from lockstep.explain.sentence_context import SentenceContext
from lockstep.explain.sentences import sentence
from lockstep.explain.severity import severity_of
from lockstep.explain.underspecification import Gap, lacking
from lockstep.explain.words import call
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import Place, parts_of, place_in, response_schema
from lockstep.results.findings import PARITY, Finding
from lockstep.transport.messages import NoResponse

__all__ = ["Explainer"]


class Explainer:
    """Fills in the class, the severity and the sentences of findings."""

    def __init__(self, document: Document, conformance: Conformance) -> None:
        self._document = document
        self._reader = RequestReader(document, conformance)

    def explain(self, findings: Iterable[Finding], targets: Iterable[str]) -> list[Finding]:
        """The findings, each explained, the gravest first.

        `targets` are all of the run. What breaks the document by the very difference that is a
        finding already is put under that one, and so are other operations that show the same.
        """
        everyone = tuple(targets)
        explained = list(findings)
        causes = {id(finding): self._fill(finding, everyone) for finding in explained}
        ranked = sorted(under_parity(explained), key=lambda one: (-one.severity, len(one.sequence)))
        return under_first(ranked, causes)

    def _fill(self, finding: Finding, everyone: tuple[str, ...]) -> Cause | None:
        exchange = finding.sequence[-1] if finding.sequence else None
        operation = None
        fault = None
        if exchange is not None:
            request = exchange.request
            operation = self._document.find(request.method, request.path)
            fault = self._reader.fault(operation, request) if operation is not None else None
        place = self._place(finding, operation)
        situation = resource_context_of(operation, finding.sequence)
        remark = self._remark(finding, operation, place, situation)
        told = SentenceContext(
            finding=finding,
            call=call(operation, exchange, finding.operation),
            place=place,
            situation=situation,
            when=remark,
            fault=fault,
        )
        if finding.category == PARITY and exchange is not None:
            finding.at_fault = wrong_by_document(finding, fault)
            finding.verdict = class_of(finding.at_fault, finding.targets, alike=False)
        else:
            finding.at_fault = wrong_alike(finding)
            finding.verdict = class_of(finding.at_fault, everyone, alike=True)
        finding.severity = severity_of(finding, place, foreign=situation.foreign)
        finding.sentence = _capital(sentence(told))
        if finding.verdict == SILENT and operation is not None:
            finding.silence = lacking(Gap(finding, operation, place, situation, remark))
        return cause_of(finding, place)

    def _remark(
        self,
        finding: Finding,
        operation: Operation | None,
        place: Place,
        situation: ResourceContext,
    ) -> str:
        """What stands out in the request, where it may be the cause."""
        if operation is None:
            return ""
        values = list(self._reader.values(operation, finding.sequence[-1].request))
        answered = finding.kind in ("status", "outcome", "server_error", "undocumented_status")
        if answered:
            return when(values, 4 if situation.thing else 1)
        same = [value for value in values if value.name.rpartition("/")[2] == place.member]
        counted = finding.kind in ("length", "symbol")
        return when(same) or when(values, 3 if counted else 4)

    def _place(self, finding: Finding, operation: Operation | None) -> Place:
        answer = finding.sequence[-1].leader if finding.sequence else NoResponse("")
        if isinstance(answer, NoResponse) or not finding.where.startswith("body"):
            return Place("", "")
        schema = response_schema(operation, answer.status, answer.media_type)
        where = finding.where
        if finding.kind == "body_schema":
            where = where.rpartition(" ")[0]
        return place_in(self._document, schema, parts_of(where))


def _capital(text: str) -> str:
    return text if text.startswith("`") else text[:1].upper() + text[1:]
