"""Limits and admissibility of appeals (SR-23)."""

from datetime import date

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import AppealPolicy
from opsledger_contracts.rules.days import Deadline, due


def appeal_deadline(published_on: date, policy: AppealPolicy, *calendars: Calendar) -> Deadline:
    """The last day to file after publication; until it has passed the score is provisional."""
    return due(published_on, policy.file_days, policy.unit, "none", *calendars)


def admissibility_deadline(filed_on: date, policy: AppealPolicy, *calendars: Calendar) -> Deadline:
    """The last day to accept or reject a filed appeal."""
    return due(filed_on, policy.admissibility_days, policy.unit, "none", *calendars)


def decision_deadline(
    accepted_on: date, policy: AppealPolicy, *calendars: Calendar, second: bool = False
) -> Deadline:
    """The last day to decide an accepted appeal, of the first or of the second instance."""
    days = policy.second_decision_days if second else policy.decision_days
    return due(accepted_on, days, policy.unit, "none", *calendars)


def second_appeal_deadline(
    decided_on: date, policy: AppealPolicy, *calendars: Calendar
) -> Deadline:
    """The last day to ask for the second instance after the first decision."""
    return due(decided_on, policy.second_file_days, policy.unit, "none", *calendars)


def appeal_findings(
    filed_on: date, grounds: tuple[str, ...], limit: Deadline, policy: AppealPolicy
) -> tuple[Finding, ...]:
    """Why an appeal is inadmissible; empty when it is admissible.

    Codes: `filed_late`, `ground_missing`, `ground_unknown`.
    """
    findings: list[Finding] = []

    def report(code: str, path: str, zh: str, en: str) -> None:
        findings.append(Finding(code=code, path=path, zh=zh, en=en, clause=policy.clause))

    if filed_on > limit.due:
        report(
            "filed_late",
            "filed_on",
            f"申诉期限 {limit.due}，实为 {filed_on}，逾期视为默认",
            f"the limit was {limit.due}, filed {filed_on}: the result is deemed accepted",
        )
    if not grounds:
        report("ground_missing", "grounds", "未说明申诉理由", "no ground is given")
    known = {row.ground for row in policy.grounds}
    for place, ground in enumerate(grounds):
        if ground not in known:
            report(
                "ground_unknown",
                f"grounds[{place}]",
                f"{ground} 不是可受理的理由",
                f"{ground} is no admissible ground",
            )
    return tuple(findings)
