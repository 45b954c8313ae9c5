"""What a score is computed from, read from the rows of the views as of a position."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.collecting import (
    AppliedAdjustment,
    AssessmentBasis,
    Ballots,
    BoundRevision,
    Completed,
    Counted,
    GivenPoints,
    GivenVeto,
    Judged,
    Measured,
)
from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.fields import local_date
from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_projections.replay.letters import revision_document
from opsledger_projections.tables.port import Selection, Tables
from opsledger_projections.views.assessments import ASSESSMENTS
from opsledger_projections.views.letters import LETTER_REVISIONS
from opsledger_projections.views.registers import (
    ADJUSTMENTS,
    MEASUREMENTS,
    RULEBOOKS,
    SURVEYS,
    WORK_ITEMS,
)
from opsledger_projections.views.units import UNITS
from opsledger_projections.views.view import View

_ALL: Final = 1_000_000
"""More rows than anything that is collected for one assessment has."""


class ViewFacts:
    """The facts that were known as of a position (`opsledger_contracts.collecting.Facts`)."""

    def __init__(self, tables: Tables, position: int) -> None:
        self._tables = tables
        self._position = position

    def unit_type(self, unit: str) -> str:
        """Tell the type of an organisation unit, which never changes."""
        return str(self._where(UNITS, unit=unit)[0]["type"])

    def measured(self, measurement: str) -> Measured | None:
        """Find a measured value, with the version that recorded or last corrected it."""
        body = self._body(MEASUREMENTS, measurement)
        if body is None:
            return None
        recorded = body["recorded"]
        setting = recorded.get("corrected") or recorded["recorded"]
        return Measured(value=body["value"], unit=body["unit"], version=setting["version"])

    def completed(self, work_item: str) -> Completed | None:
        """Find a verified completion."""
        body = self._body(WORK_ITEMS, work_item)
        verified = body["recorded"].get("completion_verified") if body else None
        if body is None or verified is None:
            return None
        return msgspec.convert(
            {
                "evidence_date": body["actual_date"],
                "version": verified["version"],
                "quality": body.get("quality"),
            },
            Completed,
        )

    def ballots(self, survey: str) -> Ballots | None:
        """Find the ballots of a survey that is closed, in the order in which they came."""
        body = self._body(SURVEYS, survey)
        closed = body["recorded"].get("closed") if body else None
        if body is None or closed is None:
            return None
        return Ballots(
            ratings=tuple(
                (
                    ballot["rater"],
                    tuple(row["score"] for row in ballot["scores"]),
                    ballot["recorded"]["version"],
                )
                for ballot in body.get("ballots", ())
            ),
            version=closed["version"],
        )

    def surveys_held(self, ratee: str, period: str) -> Sequence[str]:
        """List the surveys that rate a unit in a period."""
        return [body["survey"] for body in self._where(SURVEYS, ratee=ratee, period=period)]

    def applied_adjustments(self, letter: str) -> Sequence[AppliedAdjustment]:
        """List the adjustments of a letter that are part of a revision."""
        return [
            _applied(body)
            for body in self._where(ADJUSTMENTS, letter=letter)
            if "applied" in body["recorded"]
        ]

    def vetoes(self, assessment: str) -> tuple[GivenVeto, ...]:
        """List the vetoes of an assessment, lifted ones too."""
        sheet = self._body(ASSESSMENTS, assessment) or {}
        return tuple(_veto(row) for row in sheet.get("vetoes_applied", ()))

    def revision(self, letter: str) -> BoundRevision | None:
        """Find the latest revision of a letter in force."""
        rows = self._where(LETTER_REVISIONS, letter=letter, kind="in_force")
        if not rows:
            return None
        document = revision_document(self._tables, rows[-1], self._position)
        return BoundRevision(
            revision=rows[-1]["revision"],
            document=document,
            version=rows[-1]["recorded"]["version"],
        )

    def rulebook(self, content_hash: str) -> Rulebook:
        """Find a published rulebook by its content, as published or as an erratum left it.

        Raises:
            DocumentUnknown: nothing was published under the hash.

        """
        for body in self._where(RULEBOOKS):
            if "published" in body["recorded"]:
                for document in contents(body):
                    if digest(document) == content_hash:
                        return document
        raise DocumentUnknown(noun=RULEBOOKS.en, hash=content_hash)

    def named_rulebook(self, name: str) -> Rulebook | None:
        """Find a rulebook by the name of its stream, drafts too, as the last erratum left it."""
        body = self._body(RULEBOOKS, name)
        return None if body is None else contents(body)[-1]

    def _body(self, view: View, key: str) -> dict[str, Any] | None:
        found = self._tables.read(view, key, self._position)
        return None if found is None else found.row(view).body

    def _where(self, view: View, **labels: str) -> list[dict[str, Any]]:
        selection = Selection(position=self._position, labels=labels, limit=_ALL)
        return [found.row(view).body for found in self._tables.select(view, selection)]


def contents(body: dict[str, Any]) -> list[Rulebook]:
    """Give every content that a rulebook ever had: as drafted, then by each day of an erratum."""
    drafted = msgspec.convert(
        body["header"] | {"clauses": [row["clause"] for row in body["clauses"]]}, Rulebook
    )
    errata = body.get("errata", ())
    found = [drafted]
    for day in sorted({erratum["effective_from"] for erratum in errata}):
        clauses = {clause.clause: clause for clause in drafted.clauses}
        for erratum in errata:
            if erratum["effective_from"] <= day:
                clauses[erratum["clause"]] = msgspec.convert(erratum["to"], Clause)
        found.append(msgspec.structs.replace(drafted, clauses=tuple(clauses.values())))
    return found


def _applied(body: dict[str, Any]) -> AppliedAdjustment:
    recorded = body["recorded"]
    return msgspec.convert(
        {
            "adjustment": body["id"],
            "kind": body["kind"],
            "cause": body["cause"],
            "treatment": body["treatment"],
            "items": body["items"],
            "changes": body["changes"],
            "applied_revision": body["letter_revision"],
            "requested_on": local_date(recorded["requested"]["recorded_at"]).isoformat(),
            "causing_unit": body.get("causing_unit"),
            "version": recorded["applied"]["version"],
        },
        AppliedAdjustment,
    )


def basis(sheet: dict[str, Any], facts: ViewFacts) -> AssessmentBasis:
    """Read what an assessment itself holds from its row in the view of assessments.

    What is bound to its items is taken as it stands in the row; vetoes are facts, which are known
    or not yet known as of the position of `facts`.
    """
    return AssessmentBasis(
        assessment=sheet["id"],
        subject=sheet["subject"],
        period=sheet["period"],
        measurements={row["item"]: row["measurement"] for row in sheet.get("measurements", ())},
        completions={row["item"]: row["work_item"] for row in sheet.get("completions", ())},
        incidents={
            row["item"]: msgspec.convert(
                {"incidents": row["incidents"], "reason": None} | row["recorded"], Counted
            )
            for row in sheet.get("incidents", ())
        },
        judgements={
            row["item"]: msgspec.convert(
                {"value": row["value"], "reason": ""} | row["recorded"], Judged
            )
            for row in sheet.get("judgements", ())
        },
        survey=next((row["survey"] for row in reversed(sheet.get("surveys", ()))), None),
        bonus=_points(sheet.get("bonus", ())),
        penalties=_points(sheet.get("penalties", ())),
        vetoes=facts.vetoes(sheet["id"]),
    )


def _veto(row: dict[str, Any]) -> GivenVeto:
    lifted = row.get("lifted")
    lifting = (
        {}
        if lifted is None
        else {
            "lifted_version": lifted["recorded"]["version"],
            "lifted_reason": lifted["grounds"],
        }
    )
    return msgspec.convert(row | lifting, GivenVeto)


def _points(rows: Sequence[dict[str, Any]]) -> tuple[GivenPoints, ...]:
    return tuple(
        msgspec.convert(
            {"clause": row["clause"], "points": row["points"], "reason": ""} | row["recorded"],
            GivenPoints,
        )
        for row in rows
    )
