"""Procedures of the golden corpus that go on with totals: group, year, quotas, days, warnings."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.matrix import Bracket
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.rules import adjustments, amounts, appeals, days, distribution
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.group import GroupMember, PeriodTotal, annual_score, group_status
from opsledger_contracts.rules.individual import TierDays, combine_over_time
from opsledger_contracts.rules.inputs import Outcome, Period, ScoringInputs, SourceReference
from opsledger_contracts.rules.late_facts import late_effect
from opsledger_contracts.rules.numbers import exact, parse_rational
from opsledger_contracts.rules.ranking import RankedUnit, ranked_units
from opsledger_contracts.rules.scoring import carried
from opsledger_contracts.rules.warnings import NodeFacts, warned
from opsledger_contracts.rules.weights import WeightedItem, displayed_weights, weight_findings
from support.corpus_clauses import YEAR_END, YEAR_START
from support.corpus_drawing import Draw
from support.corpus_rulebooks import GRADES

SOURCES: Final = (SourceReference(stream="assessment/X", version=1),)
ROUNDS: Final = 6
"""How often the procedures that need no totals are run in a block."""
WITHIN: Final = (date(2026, 1, 20), date(2026, 12, 10))
BRACKETS: Final = tuple(
    Bracket(lo=low, hi=high, steps=())
    for low, high in (("0", "500"), ("500", "2000"), ("2000", None))
)


class Entrant(NamedTuple):
    """A scored assessment that takes part."""

    inputs: ScoringInputs
    outcome: Outcome


def procedures(
    draw: Draw, rulebook: Rulebook, calendar: Calendar, entrants: Sequence[Entrant]
) -> Iterator[str]:
    """The digest of what each procedure gives in this block, or the code of its refusal."""
    for rolled_up in (_group, _annual, _ranked, _individual, _late):
        yield _told(rolled_up, draw, rulebook, entrants)
    for _ in range(ROUNDS):
        yield _told(_distribution, draw, rulebook)
        yield _told(_weights, draw, rulebook)
        yield _told(_warned, draw, rulebook)
        yield _told(_amounts, draw)
        yield _told(_deadlines, draw, rulebook, calendar)
        yield _told(_force_majeure, draw, rulebook, calendar)


def _told(procedure: Callable[..., Any], *given: Any) -> str:
    try:
        return digest(procedure(*given))
    except RuleError as error:
        return error.code


def _group(draw: Draw, rulebook: Rulebook, entrants: Sequence[Entrant]) -> Any:
    members = [
        GroupMember(
            unit=row.inputs.subject,
            unit_type=row.inputs.unit_type,
            weight=str(draw.between(1, 9)),
            total=exact(carried(row.outcome, rulebook)),
            vetoes=draw.below(2),
            sources=SOURCES,
        )
        for row in entrants
    ]
    return group_status(draw.shuffled(members), rulebook)


def _annual(draw: Draw, rulebook: Rulebook, entrants: Sequence[Entrant]) -> Any:
    year, *months = [
        PeriodTotal(
            period=f"2026-{number:02d}" if number else "2026",
            total=exact(carried(row.outcome, rulebook)),
            sources=SOURCES,
        )
        for number, row in enumerate(entrants[:13])
    ]
    return [annual_score(draw.some(months, count), year, rulebook) for count in (0, 1, len(months))]


def _ranked(draw: Draw, rulebook: Rulebook, entrants: Sequence[Entrant]) -> Any:
    units = [
        RankedUnit(
            unit=row.inputs.subject,
            total=str(draw.between(80, 90)) if draw.chance(40) else row.outcome.total,
            grade=row.outcome.grade,
            vetoes=draw.below(2),
            warnings=draw.below(3),
            key_subtotal=str(draw.between(20, 25)),
        )
        for row in entrants
    ]
    return ranked_units(units, rulebook)


def _individual(draw: Draw, rulebook: Rulebook, entrants: Sequence[Entrant]) -> Any:
    spans = [
        TierDays(
            tier=draw.pick(("head", "Deputy")),
            organisation=carried(row.outcome, rulebook),
            days=draw.between(1, 200),
        )
        for row in entrants[:3]
    ]
    return combine_over_time(spans, parse_rational(draw.decimal(60, 100, 2)), rulebook)


def _late(_draw: Draw, rulebook: Rulebook, entrants: Sequence[Entrant]) -> Any:
    return late_effect(entrants[0].outcome, entrants[1].outcome, rulebook)


def _distribution(draw: Draw, rulebook: Rulebook) -> Any:
    policy = rulebook.distribution
    units = [
        distribution.UnitHeadcount(
            unit=f"{prefix}{number}",
            siblings=draw.pick(("east", "West")),
            headcount=draw.between(1, 30),
            organisation_grade=draw.pick(GRADES),
        )
        for number, prefix in enumerate(("u", "U", "V", "w", "X", "y"))
    ]
    pools = distribution.pools(units, policy)
    limits = [distribution.pooled_quotas(pool, policy) for pool in pools]
    assigned = {grade: draw.below(12) for grade in GRADES}
    return [
        [[unit.unit for unit in pool] for pool in pools],
        limits,
        distribution.distribution_findings(assigned, limits[0]),
        distribution.quotas(draw.between(5, 60), draw.pick(GRADES), policy),
    ]


def _weights(draw: Draw, rulebook: Rulebook) -> Any:
    parts = [draw.between(1, 30) for _ in range(draw.between(2, 9))]
    weights = {
        f"{draw.pick(('i', 'I'))}{place}": Fraction(100 * part, sum(parts))
        for place, part in enumerate(parts)
    }
    items = [
        WeightedItem(item=name, category="c", level=draw.pick(("key", "major")), weight=weight)
        for name, weight in weights.items()
    ]
    return [
        displayed_weights(weights, rulebook.weights),
        weight_findings(items, rulebook.weights),
    ]


def _warned(draw: Draw, rulebook: Rulebook) -> Any:
    due = draw.day(*WITHIN)
    facts = NodeFacts(
        node_level=draw.pick(("1", "2")),
        due=due,
        done_on=due + timedelta(days=draw.between(-9, 30)) if draw.chance(30) else None,
        forecast=due + timedelta(days=draw.between(-9, 9)) if draw.chance(50) else None,
        progress_planned=draw.decimal(20, 100, 1) if draw.chance(70) else None,
        progress_actual=draw.decimal(0, 90, 1) if draw.chance(70) else None,
    )
    return warned(facts, due + timedelta(days=draw.between(-20, 30)), rulebook)


def _amounts(draw: Draw) -> Any:
    cases = [
        amounts.AmountCase(
            case=f"{draw.pick(('C', 'c'))}-{number}",
            initiator=draw.pick(("p-1", "P-1")),
            counterparty=draw.pick((None, "firm")),
            subject=draw.pick((None, "cost-7")),
            amount=draw.decimal(0, 2_500, 2),
            opened_on=draw.day(date(2026, 3, 1), date(2026, 5, 30)),
        )
        for number in range(5)
    ]
    return amounts.split_check(cases[0], cases[1:], BRACKETS, 30, "item")


def _deadlines(draw: Draw, rulebook: Rulebook, calendar: Calendar) -> Any:
    first, last, event = (draw.day(*WITHIN) for _ in range(3))
    period = draw.pick(
        [
            _period(YEAR_START, YEAR_END),
            _period(date(2026, 2, 1), date(2026, 2, 28)),
            _period(date(2026, 11, 1), date(2026, 11, 30)),
        ]
    )
    limit = appeals.appeal_deadline(first, rulebook.appeal, calendar)
    return [
        [days.duty_deadline(duty, period, event, calendar) for duty in rulebook.timetable],
        days.working_days_between(first, last, calendar),
        limit,
        appeals.decision_deadline(event, rulebook.appeal, calendar, second=draw.chance(50)),
        appeals.appeal_findings(
            first + timedelta(days=draw.below(20)),
            draw.pick(((), ("data",), ("mood",))),
            limit,
            rulebook.appeal,
        ),
    ]


def _period(first: date, last: date) -> Period:
    return Period(from_=first, to=last)


def _force_majeure(draw: Draw, rulebook: Rulebook, calendar: Calendar) -> Any:
    occurred = draw.day(*WITHIN)
    facts = adjustments.ForceMajeureFacts(
        event_class=draw.pick(("flood", "price")),
        occurred_from=occurred,
        notified_on=occurred + timedelta(days=draw.below(12)) if draw.chance(80) else None,
        proof_on=occurred + timedelta(days=draw.below(40)) if draw.chance(80) else None,
        critical_path_days=draw.between(1, 9) if draw.chance(80) else None,
        mitigation_shown=draw.chance(70),
    )
    limit = adjustments.request_deadline(occurred, rulebook.adjustment, calendar)
    return [
        adjustments.force_majeure_findings(facts, rulebook.force_majeure, calendar),
        limit,
        adjustments.request_admissible(occurred, "self", limit, rulebook.adjustment),
    ]
