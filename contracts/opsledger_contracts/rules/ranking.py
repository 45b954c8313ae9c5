"""Quotas of unit grades, with every tie broken as declared (SR-14)."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.structure import TieBreak
from opsledger_contracts.fields import Identifier, RationalText
from opsledger_contracts.rules.errors import RepeatedName, UnknownGrade
from opsledger_contracts.rules.numbers import parse_decimal, parse_rational, quantise, shown
from opsledger_contracts.rules.run import required, rule_of


class RankedUnit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit with its published total and grade, and what may break a tie.

    `key_subtotal` is the sum of the contributions of its key items.
    """

    unit: Identifier
    total: RationalText
    grade: Identifier
    vetoes: Annotated[int, msgspec.Meta(ge=0)]
    warnings: Annotated[int, msgspec.Meta(ge=0)]
    key_subtotal: RationalText


class UnitGrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit's place and grade within the quotas; `tie_broken_by` where the total did not decide.

    `grade_by_bands` is the grade before the quotas.
    """

    unit: Identifier
    rank: int
    grade_by_bands: Identifier
    grade: Identifier
    tie_broken_by: TieBreak | None
    zh: str
    en: str


_Key = Callable[[RankedUnit], Fraction | int | str]

_KEYS: Final[Mapping[TieBreak, _Key]] = MappingProxyType(
    {
        "fewer_vetoes": lambda unit: unit.vetoes,
        "fewer_warnings": lambda unit: unit.warnings,
        "higher_key_subtotal": lambda unit: -parse_rational(unit.key_subtotal),
        "unit_code": lambda unit: unit.unit,
    }
)
_WORDS: Final[Mapping[TieBreak, tuple[str, str]]] = MappingProxyType(
    {
        "fewer_vetoes": ("一票否决较少", "fewer vetoes"),
        "fewer_warnings": ("预警较少", "fewer warnings"),
        "higher_key_subtotal": ("关键工作项得分较高", "a higher subtotal of key items"),
        "unit_code": ("单位代码在前", "the unit code"),
    }
)


def tie_break(
    units: Sequence[RankedUnit], order: Sequence[TieBreak]
) -> list[tuple[RankedUnit, TieBreak | None]]:
    """Units from the first to the last, each with what put it behind an equal total before it.

    Raises:
        RepeatedName: a unit occurs twice, so that even its code breaks no tie.

    """
    ranked = sorted(
        units,
        key=lambda unit: (-parse_rational(unit.total), *(_KEYS[name](unit) for name in order)),
    )
    found: list[tuple[RankedUnit, TieBreak | None]] = []
    for place, unit in enumerate(ranked):
        broken: TieBreak | None = None
        if place and parse_rational(ranked[place - 1].total) == parse_rational(unit.total):
            before = ranked[place - 1]
            broken = next(
                (name for name in order if _KEYS[name](before) != _KEYS[name](unit)), None
            )
            if broken is None:
                raise RepeatedName(name=unit.unit, where="units")
        found.append((unit, broken))
    return found


TieRule = Callable[
    [Sequence[RankedUnit], Sequence[TieBreak]], list[tuple[RankedUnit, TieBreak | None]]
]
TIE_RULES: Final[Mapping[str, TieRule]] = MappingProxyType({"tie_break@1": tie_break})


def unit_grade_quota(
    grades: Sequence[str], allowed: Mapping[tuple[str, ...], int], ladder: Sequence[str]
) -> tuple[str, ...]:
    """Grades of units in rank order after the quotas: whoever finds no place moves one grade down.

    `grades` are those by bands in rank order, `allowed` the places of grades that share a quota,
    `ladder` all grades, best first. A unit moved down needs a place in the next grade as well; the
    lowest grade takes everybody.
    """
    left = dict(allowed)
    quota_of = {grade: names for names in allowed for grade in names}
    found: list[str] = []
    for grade in grades:
        final = next(
            step
            for step in ladder[list(ladder).index(grade) :]
            if step == ladder[-1] or step not in quota_of or left[quota_of[step]] > 0
        )
        if final in quota_of:
            left[quota_of[final]] -= 1
        found.append(final)
    return tuple(found)


QuotaRule = Callable[[Sequence[str], Mapping[tuple[str, ...], int], Sequence[str]], tuple[str, ...]]
QUOTA_RULES: Final[Mapping[str, QuotaRule]] = MappingProxyType(
    {"unit_grade_quota@1": unit_grade_quota}
)


def ranked_units(units: Sequence[RankedUnit], rulebook: Rulebook) -> tuple[UnitGrade, ...]:
    """All units in rank order with their grades within the quotas, each explained (SR-14).

    Raises:
        InvalidRulebook: the rulebook has no such section, or names an unknown rule.
        UnknownGrade: a unit has a grade without a band.
        RepeatedName: a unit occurs twice.

    """
    policy = required(rulebook.unit_quota, "unit_quota", rulebook)
    quota_rule = rule_of(QUOTA_RULES, policy.rule, "unit_quota.rule", rulebook)
    tie_rule = rule_of(TIE_RULES, policy.tie_rule, "unit_quota.tie_rule", rulebook)
    ladder = [band.grade for band in rulebook.grades.bands]
    for unit in units:
        if unit.grade not in ladder:
            raise UnknownGrade(clause=policy.clause, grade=unit.grade)
    ranked = tie_rule(units, policy.tie_breaks)
    allowed = {
        row.grades: int(quantise(len(units) * parse_decimal(row.share), 0, policy.rounding))
        for row in policy.maxima
    }
    final = quota_rule([unit.grade for unit, _ in ranked], allowed, ladder)
    return tuple(
        _unit_grade(place, unit, broken, grade, allowed)
        for place, ((unit, broken), grade) in enumerate(zip(ranked, final, strict=True), start=1)
    )


def _unit_grade(
    rank: int,
    unit: RankedUnit,
    broken: TieBreak | None,
    grade: str,
    allowed: Mapping[tuple[str, ...], int],
) -> UnitGrade:
    total = shown(parse_rational(unit.total))
    zh, en = f"第 {rank} 名，总分 {total}", f"rank {rank}, total {total}"
    if broken is not None:
        word_zh, word_en = _WORDS[broken]
        zh += f"，与前一名同分，前者{word_zh}"
        en += f", as the one before, which has {word_en}"
    if grade == unit.grade:
        zh, en = f"{zh}：等级 {grade}", f"{en}: grade {grade}"
    else:
        places = next(number for names, number in allowed.items() if unit.grade in names)
        zh += f"：{unit.grade} 级至多 {places} 个，名额已满，改为 {grade}"
        en += f": at most {places} get {unit.grade}, no place is left, so {grade}"
    return UnitGrade(
        unit=unit.unit,
        rank=rank,
        grade_by_bands=unit.grade,
        grade=grade,
        tie_broken_by=broken,
        zh=zh,
        en=en,
    )
