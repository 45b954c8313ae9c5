"""Authority by amount: the bracket of a case, and cases split to stay below one (SR-22)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import msgspec

from opsledger_contracts.documents.matrix import Bracket
from opsledger_contracts.fields import DecimalText, Identifier
from opsledger_contracts.rules.errors import OutsideBands
from opsledger_contracts.rules.measures import band_text, holds
from opsledger_contracts.rules.numbers import exact, parse_decimal, shown


class AmountCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case with its amount; `counterparty` and `subject` are None where it has none."""

    case: Identifier
    initiator: Identifier
    counterparty: Identifier | None
    subject: Identifier | None
    amount: DecimalText
    opened_on: date


class SplitCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case with the related ones of the window, and whether their sum is of a higher bracket.

    `related` are the other cases in order of day and name; the brackets are places in the list.
    """

    case: Identifier
    related: tuple[Identifier, ...]
    total: str
    bracket: int
    bracket_of_total: int
    suspected: bool
    zh: str
    en: str


def bracket_place(amount: Fraction, brackets: Sequence[Bracket], item: str) -> int:
    """The place of the half-open bracket ``[lo, hi)`` that holds an amount.

    Raises:
        OutsideBands: none does, e.g. for an amount below 0.

    """
    for place, bracket in enumerate(brackets):
        if holds(bracket.lo, bracket.hi, amount):
            return place
    raise OutsideBands(item=item, value=shown(amount), clause=item)


def related_cases(
    case: AmountCase, others: Sequence[AmountCase], window_days: int
) -> tuple[AmountCase, ...]:
    """Other cases within the window before or after that share initiator, counterparty or subject.

    Exactly `window_days` calendar days apart is still within it.
    """
    found = [
        other
        for other in others
        if other.case != case.case
        and abs((other.opened_on - case.opened_on).days) <= window_days
        and (
            other.initiator == case.initiator
            or (case.counterparty is not None and other.counterparty == case.counterparty)
            or (case.subject is not None and other.subject == case.subject)
        )
    ]
    return tuple(sorted(found, key=lambda other: (other.opened_on, other.case)))


def split_check(
    case: AmountCase,
    others: Sequence[AmountCase],
    brackets: Sequence[Bracket],
    window_days: int,
    item: str,
) -> SplitCheck:
    """Whether a case and the related ones would together need a higher bracket.

    Raises:
        OutsideBands: an amount is in no bracket of the item.

    """
    related = related_cases(case, others, window_days)
    total = sum((parse_decimal(row.amount) for row in (case, *related)), Fraction(0))
    own = bracket_place(parse_decimal(case.amount), brackets, item)
    summed = bracket_place(total, brackets, item)
    suspected = any(
        summed > bracket_place(parse_decimal(row.amount), brackets, item)
        for row in (case, *related)
    )
    text = band_text(brackets[summed].lo, brackets[summed].hi)
    names = ", ".join(row.case for row in related) or "-"
    return SplitCheck(
        case=case.case,
        related=tuple(row.case for row in related),
        total=exact(total),
        bracket=own,
        bracket_of_total=summed,
        suspected=suspected,
        zh=f"{case.case} 金额 {case.amount}，{window_days} 天内关联 {names}，合计 {shown(total)} "
        f"属 {text}：{'疑似拆分' if suspected else '未见拆分'}",
        en=f"{case.case} over {case.amount} with {names} within {window_days} days makes "
        f"{shown(total)}, of {text}: {'split suspected' if suspected else 'no split'}",
    )
