"""Letters end: withdrawn, terminated, or over with their period and closed by the assessment."""

from opsledger_contracts.events.letter import (
    LetterClosed,
    LetterPeriodEnded,
    LetterTerminated,
    LetterWithdrawn,
)
from opsledger_contracts.fields import Identifier
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.problems.letter import AssessmentNotFinal, NotALetterParty, PeriodNotOver
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.letter import BEFORE_APPROVAL, LETTER, LetterState
from opsledger_ledger.domain.letter_terms import require_responsible_unit
from opsledger_ledger.domain.unit import Unit


class WithdrawLetter(Command):
    """Withdraw a letter that nobody has signed."""


@LETTER.decides("withdraw", scope="writer", refuses=(WrongState, ReasonMissing, NotALetterParty))
def withdraw(_command: WithdrawLetter, letter: LetterState, act: Act, world: World) -> Decided:
    """Let the responsible unit take its letter back, with a reason."""
    letter.require_status(*BEFORE_APPROVAL, "approved")
    require_responsible_unit(act, world, letter.document)
    if act.reason is None:
        raise ReasonMissing
    yield LetterWithdrawn()


class TerminateLetter(Command):
    """End a letter before its period, as when its unit is dissolved."""

    successors: tuple[Identifier, ...] = ()
    """Units that take over what the letter promised."""


@LETTER.decides(
    "terminate",
    scope="writer",
    refuses=(WrongState, ReasonMissing, NotALetterParty, UnknownReference),
)
def terminate(command: TerminateLetter, letter: LetterState, act: Act, world: World) -> Decided:
    """Let the issuer end what it issued, with a reason and known successors."""
    letter.require_status("signed", "in_force")
    if act.unit != letter.document.issuer:
        raise NotALetterParty(found=act.unit, expected=letter.document.issuer)
    if act.reason is None:
        raise ReasonMissing
    for successor in command.successors:
        known(world, Unit, successor, "successors")
    yield LetterTerminated(successors=command.successors)


class EndLetterPeriod(Command):
    """Note that the period of the letter is over."""


@LETTER.decides("end-period", scope="writer", function="ops", refuses=(WrongState, PeriodNotOver))
def end_period(_command: EndLetterPeriod, letter: LetterState, act: Act, _world: World) -> Decided:
    """Close the letter to adjustments on the day after its period, not before."""
    letter.require_status("in_force")
    period = letter.document.period
    _, last = period_days(period)
    if act.today <= last:
        raise PeriodNotOver(period=period, last_day=last, today=act.today)
    yield LetterPeriodEnded()


class CloseLetter(Command):
    """Close the letter by its final assessment."""

    assessment: Identifier


@LETTER.decides(
    "close",
    scope="writer",
    function="ops",
    refuses=(WrongState, UnknownReference, AssessmentNotFinal),
)
def close(command: CloseLetter, letter: LetterState, _act: Act, world: World) -> Decided:
    """Close a letter only when the assessment of it is final (R082)."""
    letter.require_status("period_ended")
    assessment = known(world, AssessmentState, command.assessment, "assessment")
    if (assessment.letter, assessment.status) != (letter.id, "final"):
        raise AssessmentNotFinal(assessment=assessment.id, letter=letter.id)
    yield LetterClosed(assessment=assessment.id)
