"""The assessment sheet (V05) and the runs behind it, with all a replay needs (V06, V07)."""

from typing import Any, Final

from opsledger_contracts.events import assessment as happened
from opsledger_projections.views.register import types_of
from opsledger_projections.views.view import (
    Changes,
    Current,
    Fact,
    Lookups,
    Put,
    Row,
    View,
    provenance,
)

_STATUS: Final = {
    happened.AssessmentOpened.TYPE: "collecting",
    happened.InputsFrozen.TYPE: "frozen",
    happened.ScoreCalculated.TYPE: "calculated",
    happened.AssessmentReviewed.TYPE: "reviewed",
    happened.AssessmentConfirmed.TYPE: "confirmed",
    happened.ScorePublished.TYPE: "published",
    happened.AssessmentReopened.TYPE: "reopened",
    happened.ScoreFinalised.TYPE: "final",
}
_LISTS: Final = {
    happened.SelfAssessmentSubmitted.TYPE: "self_assessments",
    happened.MeasurementBound.TYPE: "measurements",
    happened.CompletionBound.TYPE: "completions",
    happened.SurveyBound.TYPE: "surveys",
    happened.IncidentsCounted.TYPE: "incidents",
    happened.JudgementGiven.TYPE: "judgements",
    happened.BonusPointsGranted.TYPE: "bonus",
    happened.PenaltyApplied.TYPE: "penalties",
    happened.AssessmentReviewed.TYPE: "reviews",
    happened.AssessmentConfirmed.TYPE: "confirmations",
    happened.ScoreAcknowledged.TYPE: "acknowledgements",
    happened.ScoreContested.TYPE: "contests",
    happened.AssessmentReopened.TYPE: "reopenings",
    happened.Rescored.TYPE: "rescores",
}


def _sheet_changes(fact: Fact, current: Current) -> Changes:
    key = fact.identifier
    before = current.get(key)
    body: dict[str, Any] = dict(before.body) if before else {"id": key, "score_versions": []}
    fields = fact.fields
    event = fact.event
    match event:
        case happened.AssessmentOpened():
            body |= fields
        case happened.AssessmentReopened():
            body["letter_revision"] = event.letter_revision
        case happened.InputsFrozen():
            body["inputs_digest"] = event.inputs_digest
        case happened.ScoreCalculated():
            # What this run does not have must not stay from the one before.
            body |= {"vetoes": [], "operating_status": None} | fields
        case happened.VetoApplied():
            others = [row for row in _vetoes(body) if row["incident"] != event.incident]
            body["vetoes_applied"] = [*others, fields | provenance(fact)]
        case happened.VetoLifted():
            body["vetoes_applied"] = [
                row | {"lifted": fields | provenance(fact)}
                if row["incident"] == event.incident
                else row
                for row in _vetoes(body)
            ]
        case happened.ScorePublished():
            version = fields | {"state": "provisional"} | provenance(fact)
            body["score_versions"] = [*body["score_versions"], version]
        case happened.ScoreSuperseded():
            _mark(body, event.score_version, {"state": "superseded", "superseded_by": event.by})
        case happened.ScoreFinalised():
            _mark(body, event.score_version, {"state": "final"})
        case _:
            pass
    body["status"] = _STATUS.get(fact.type, body.get("status"))
    yield Put(
        Row(
            key=key,
            body=body,
            labels={
                "subject": body["subject"],
                "letter": body["letter"],
                "period": body["period"],
                "grade": body.get("grade", ""),
                "status": body["status"],
            },
        )
    )


def _vetoes(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Every veto of the sheet by incident, lifted ones too."""
    found: list[dict[str, Any]] = body.get("vetoes_applied", [])
    return found


def _mark(body: dict[str, Any], score_version: int, mark: dict[str, Any]) -> None:
    body["score_versions"] = [
        version | mark if version["score_version"] == score_version else version
        for version in body["score_versions"]
    ]


ASSESSMENTS: Final = View(
    name="assessments",
    code="V05",
    version=3,
    zh="考核表",
    en="assessment sheets",
    labels=("subject", "letter", "period", "grade", "status"),
    indexed=("subject", "letter"),
    types=types_of("assessment"),
    lists=_LISTS,
    only_grows=frozenset(_LISTS) - frozenset(_STATUS),
    changes=_sheet_changes,
)


def _run_changes(fact: Fact, current: Current) -> Changes:
    assessment = fact.identifier
    basis_key = f"{assessment}:0000"
    fields = fact.fields
    match fact.event:
        case happened.AssessmentOpened():
            yield Put(_basis(basis_key, assessment, fields))
        case happened.InputsFrozen():
            basis = current.get(basis_key)
            assert basis is not None, assessment
            yield Put(_basis(basis_key, assessment, basis.body | fields))
        case happened.ScoreCalculated():
            basis = current.get(basis_key)
            assert basis is not None, assessment
            yield Put(
                Row(
                    key=f"{assessment}:{fact.event.run:04d}",
                    body=basis.body | fields | provenance(fact),
                    labels={
                        "assessment": assessment,
                        "kind": "run",
                        "period": basis.body["period"],
                    },
                )
            )
        case _:
            return


def _run_lookups(fact: Fact) -> Lookups:
    basis = ("", f"{fact.identifier}:0000")
    if isinstance(fact.event, happened.ScoreCalculated):
        return (basis, ("", f"{fact.identifier}:{fact.event.run:04d}"))
    return (basis,)


def _basis(key: str, assessment: str, body: dict[str, Any]) -> Row:
    return Row(
        key=key,
        body=body,
        labels={"assessment": assessment, "kind": "basis", "period": body["period"]},
    )


ASSESSMENT_RUNS: Final = View(
    name="assessment_runs",
    code="V06",
    version=1,
    zh="计算记录",
    en="assessment runs",
    labels=("assessment", "kind", "period"),
    indexed=("assessment",),
    types=frozenset(
        (
            happened.AssessmentOpened.TYPE,
            happened.InputsFrozen.TYPE,
            happened.ScoreCalculated.TYPE,
        )
    ),
    changes=_run_changes,
    looks_up=_run_lookups,
)
