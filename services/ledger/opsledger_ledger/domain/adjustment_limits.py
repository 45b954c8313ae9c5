"""Limits of adjustments, by the rulebook and the calendar that the letter cites (SR-15, SR-16)."""

from datetime import date

from opsledger_contracts.rules.adjustments import (
    notice_deadline,
    proof_deadline,
    request_deadline,
)
from opsledger_ledger.domain.deciding import World
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.deadlines import Limit, limit


def request_limit(letter: LetterState, due: date, world: World) -> Limit:
    """Compute the last day for requesting a change of an item due on a day.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.

    """
    policy = documents.rulebook(world, letter.document.rulebook).adjustment
    return limit(
        world,
        due,
        lambda *calendars: request_deadline(due, policy, *calendars),
        letter.document.calendar,
    )


def notice_limit(letter: LetterState, occurred_from: date, world: World) -> Limit:
    """Compute the last day for notice of an event.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.

    """
    policy = documents.rulebook(world, letter.document.rulebook).force_majeure
    return limit(
        world,
        occurred_from,
        lambda *calendars: notice_deadline(occurred_from, policy, *calendars),
        letter.document.calendar,
    )


def proof_limit(letter: LetterState, occurred_from: date | None, world: World) -> Limit | None:
    """Compute the last day for proof of an event; None where no event is claimed.

    Raises:
        DayNotInCalendar: the count leaves the published calendars.

    """
    if occurred_from is None:
        return None
    policy = documents.rulebook(world, letter.document.rulebook).force_majeure
    return limit(
        world,
        occurred_from,
        lambda *calendars: proof_deadline(occurred_from, policy, *calendars),
        letter.document.calendar,
    )
