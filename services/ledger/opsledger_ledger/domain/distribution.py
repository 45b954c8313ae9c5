"""The forced distribution of individual grades in a unit (个人绩效强制分布, SR-21, R145).

Quotas follow from the published score version of the unit. When that version is superseded they are
derived again, and grades that no longer fit are a conflict that people resolve.
"""

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.distribution import (
    DistributionConfirmed,
    DistributionConflictRaised,
    IndividualGradeAssigned,
    QuotaDerived,
    QuotaExceptionGranted,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.deciding import Noun, State


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of one person's result."""

    person: str
    grade: str


class DistributionState(State):
    """A distribution as it stands."""

    NOUN: ClassVar[str] = "distribution"

    derived: QuotaDerived
    """The quotas that hold."""
    grades: dict[str, Assigned] = msgspec.field(default_factory=dict)
    """Grades by individual result."""
    exceptions: dict[tuple[str, ...], int] = msgspec.field(default_factory=dict)
    """Persons allowed for grades, by an exception from the quotas that hold."""
    status: Literal["derived", "confirmed"] = "derived"

    def counts(self) -> Counter[str]:
        """Count the persons who have each grade."""
        return Counter(row.grade for row in self.grades.values())

    def require_status(self, expected: Literal["derived", "confirmed"]) -> None:
        """Insist on a state.

        Raises:
            WrongState: the distribution is in another one.

        """
        if self.status != expected:
            raise WrongState(
                noun=NOUNS[self.NOUN].en, id=self.id, found=self.status, expected=expected
            )


DistributionEvent = (
    QuotaDerived
    | IndividualGradeAssigned
    | DistributionConflictRaised
    | QuotaExceptionGranted
    | DistributionConfirmed
)


def evolve(state: DistributionState | None, event: Event, envelope: Envelope) -> DistributionState:
    """Fold one event of a distribution; quotas derived anew end exceptions and confirmation."""
    happened: DistributionEvent = event  # type: ignore[assignment]
    if isinstance(happened, QuotaDerived):
        grades = {} if state is None else state.grades
        return DistributionState(id=happened.distribution, derived=happened, grades=grades)
    assert state is not None, envelope.stream
    match happened:
        case IndividualGradeAssigned():
            state.grades[happened.result] = Assigned(person=happened.person, grade=happened.grade)
        case QuotaExceptionGranted():
            state.exceptions[happened.grades] = happened.persons
        case DistributionConfirmed():
            state.status = "confirmed"
        case DistributionConflictRaised():
            pass
        case _:
            assert_never(happened)
    return state


def keys(state: DistributionState) -> Iterator[tuple[str, str]]:
    """Find distributions by unit and period, and by the assessment that they rest on."""
    yield "distribution_by_unit", f"{state.derived.unit}:{state.derived.period}"
    yield "distribution_by_assessment", state.derived.assessment


DISTRIBUTION = Noun(
    state=DistributionState, evolve=evolve, keys=keys, rekeyed_by=frozenset((QuotaDerived,))
)
