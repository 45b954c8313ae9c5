"""All checks of a rulebook together (SR-29)."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.linting import clauses, curves, measuring, policies
from opsledger_contracts.linting.finding import LintFinding, Severity
from opsledger_contracts.rules.rulebook_validation import validate_rulebook

_RANK: Final[dict[Severity, int]] = {"error": 0, "warning": 1, "info": 2}


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around a rulebook: the version it follows, and the years that calendars cover."""

    before: Rulebook | None = None
    calendar_years: frozenset[int] = frozenset()


def lint(rulebook: Rulebook, surroundings: Surroundings) -> tuple[LintFinding, ...]:
    """Every finding, errors first, then warnings, then infos, each in document order."""
    structural = list(_structural(validate_rulebook(rulebook)))
    found: list[LintFinding] = [
        *structural,
        *clauses.each(rulebook),
        *curves.each(rulebook),
        *measuring.each(rulebook),
        *policies.order(rulebook),
        *policies.weights(rulebook),
        *policies.grades(rulebook),
        *policies.vetoes(rulebook),
        *policies.reach(rulebook),
        *policies.indicators(rulebook),
        *policies.calendars(rulebook, surroundings.calendar_years),
        *policies.frozen(rulebook, surroundings.before),
    ]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.severity]))


def of_severity(findings: Iterable[Finding], severity: Severity) -> tuple[LintFinding, ...]:
    """The findings of one severity, in their order."""
    return tuple(
        finding
        for finding in findings
        if isinstance(finding, LintFinding) and finding.severity == severity
    )


def _structural(findings: Iterable[Finding]) -> Iterator[LintFinding]:
    """Defects of structure under identifiers of checks, without those that have a check here."""
    for finding in findings:
        if not _checked_here(finding):
            yield LintFinding(
                code=structural_check(finding.code),
                path=finding.path,
                clause=finding.clause,
                zh=finding.zh,
                en=finding.en,
            )


def structural_check(code: str) -> str:
    """The identifier of the check of a structural defect, e.g. ``RB-BAND-GAP``."""
    return f"RB-{code.upper().replace('_', '-')}"


def _checked_here(finding: Finding) -> bool:
    """A missing mode is an ambiguous step; a veto under no clause is a veto without basis."""
    if finding.code == "parameter_source":
        return finding.path.endswith(".params.mode")
    return finding.code == "unknown_clause" and finding.path.startswith("veto.clauses[")
