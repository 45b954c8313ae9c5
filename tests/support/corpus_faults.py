"""Faults that a replay elsewhere has to show: each is planted into the rules of one process.

A harness that has not caught these proves nothing by being green.
"""

import builtins
import locale
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from types import ModuleType
from typing import Any, Final

from opsledger_contracts.rules import deductions, discipline, judgements, satisfaction, steps

Key = Callable[[Any], Any]


def _replace(module: ModuleType, name: str, value: object) -> None:
    setattr(module, name, value)


def float_sum() -> None:
    """The mean of a survey by a sum of binary floats; 3.12 sums them otherwise than 3.11."""

    def trimmed_mean(values: Sequence[Fraction], each_end: int) -> Fraction:
        kept = [float(value) for value in sorted(values)[each_end : len(values) - each_end]]
        return Fraction(repr(sum(kept) / len(kept)))

    _replace(satisfaction, "trimmed_mean", trimmed_mean)


def set_order() -> None:
    """Ratings and adjustments in the order in which a set happens to hold them."""

    def unordered(rows: Iterable[Any], key: Key) -> list[Any]:
        by_key = {key(row): row for row in rows}
        return [by_key[name] for name in set(by_key)]

    _replace(steps, "sorted", unordered)


def casefolded() -> None:
    """Ratings and adjustments sorted as if upper and lower case were the same."""

    def folded(rows: Iterable[Any], key: Key) -> list[Any]:
        return builtins.sorted(rows, key=lambda row: key(row).casefold())

    _replace(steps, "sorted", folded)


def collated() -> None:
    """Ratings and adjustments sorted by the customs of whatever locale is in force."""

    def by_custom(rows: Iterable[Any], key: Key) -> list[Any]:
        return builtins.sorted(rows, key=lambda row: locale.strxfrm(key(row)))

    _replace(steps, "sorted", by_custom)


def local_time() -> None:
    """Days late counted between naive local midnights, where a day has 23 or 25 hours at times."""

    def days_late(due_day: date, evidence_date: date) -> int:
        due, done = (time.mktime(day.timetuple()) for day in (due_day, evidence_date))
        return int((done - due) // 86_400)

    for module in (deductions, discipline, judgements):
        _replace(module, "days_late", days_late)


FAULTS: Final[Mapping[str, Callable[[], None]]] = {
    fault.__name__: fault for fault in (float_sum, set_order, casefolded, collated, local_time)
}
