"""Which vetoes strike an assessment by what is known of incidents (SR-17, R136).

The day of the accident decides, not the day of knowledge: a determination may come long after the
score was published, and may be revoked longer after. What follows for an assessment is computed
here whenever its inputs are frozen, so that no veto is forgotten and none stays by neglect.
"""

from collections.abc import Iterator

from opsledger_contracts.collecting import GivenVeto, veto_clause_of
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.assessment import VetoApplied, VetoLifted
from opsledger_contracts.letters import period_days
from opsledger_ledger.domain.assessment import AssessmentState, vetoes_after
from opsledger_ledger.domain.deciding import World, known
from opsledger_ledger.domain.incident import IncidentState


def veto_changes(
    world: World, assessment: AssessmentState, rulebook: Rulebook
) -> tuple[VetoApplied | VetoLifted, ...]:
    """Compute what has to happen for the vetoes to be those that are known; empty if they are."""
    due = {veto.incident: veto for veto in _due(world, assessment, rulebook)}
    held = {row.incident: row for row in assessment.vetoes if row.lifted_version is None}
    lifted = tuple(_lifting(world, incident) for incident in sorted(held) if incident not in due)
    applied = tuple(
        veto
        for incident, veto in sorted(due.items())
        if vetoes_after((), veto, 1) != tuple(row for row in (held.get(incident),) if row)
    )
    return (*lifted, *applied)


def vetoes_with(
    world: World, assessment: AssessmentState, changes: tuple[VetoApplied | VetoLifted, ...]
) -> tuple[GivenVeto, ...]:
    """Give the vetoes as they will be once the changes are the next events of the assessment."""
    vetoes = assessment.vetoes
    last = world.version(f"assessment/{assessment.id}")
    for version, change in enumerate(changes, last + 1):
        vetoes = vetoes_after(vetoes, change, version)
    return vetoes


def veto_unfounded(
    world: World, assessment: AssessmentState, rulebook: Rulebook, incident: IncidentState
) -> str | None:
    """Tell what speaks against scoring anew for an incident; None if its veto is not yet so."""
    if any(change.incident == incident.id for change in veto_changes(world, assessment, rulebook)):
        return None
    first, last = period_days(assessment.period)
    if not first <= incident.accident_date <= last:
        return f"the accident of {incident.accident_date} lies outside {assessment.period}"
    if any(row.incident == incident.id for row in assessment.vetoes):
        return "the score stands as it is determined"
    if assessment.subject not in {share.unit for share in incident.responsibility}:
        return "the assessed unit is not determined to be responsible"
    return f"{rulebook.name} has no veto for {incident.category}, {incident.severity}"


def _due(world: World, assessment: AssessmentState, rulebook: Rulebook) -> Iterator[VetoApplied]:
    first, last = period_days(assessment.period)
    for identifier in world.find("incident_by_responsible_unit", assessment.subject):
        incident = known(world, IncidentState, identifier, "incident")
        severity, document = incident.severity, incident.document
        assert severity is not None, identifier
        assert document is not None, identifier
        clause = veto_clause_of(rulebook, incident.category, severity)
        if clause is None or not first <= incident.accident_date <= last:
            continue
        degrees = {share.unit: share.degree for share in incident.responsibility}
        yield VetoApplied(
            incident=identifier,
            incident_version=world.version(f"incident/{identifier}"),
            clause=clause.clause,
            category=incident.category,
            severity=severity,
            degree=degrees[assessment.subject],
            accident_date=incident.accident_date,
            determination=document,
            effects=clause.effects,
        )


def _lifting(world: World, identifier: str) -> VetoLifted:
    incident = known(world, IncidentState, identifier, "incident")
    assert incident.document is not None, identifier
    return VetoLifted(
        incident=identifier,
        incident_version=world.version(f"incident/{identifier}"),
        grounds=incident.document,
    )
