"""Checks of the units in which a clause states its numbers."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.linting.clauses import numbers
from opsledger_contracts.linting.finding import LintFinding
from opsledger_contracts.linting.units import DECLARED, UNITS, Declared, Unit
from opsledger_contracts.rules.numbers import shown

_RATIO_MAX: Final[Mapping[str, Fraction]] = MappingProxyType(
    {
        "step": Fraction(1),
        "caps_up.shortfall": Fraction(1),
        "reduction_share": Fraction(1),
        "profit_share": Fraction(1),
        "floor": Fraction(10),
        "cap": Fraction(10),
    }
)
"""Above these a ratio was probably written in per cent."""

_FITTING: Final[Mapping[Declared, tuple[str, ...]]] = MappingProxyType(
    {"ratio": ("ratio",), "points": ("points",), "days": ("days",)}
)


def each(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Units that there are not, that do not fit the rule or one another, or that are missing."""
    terms = () if rulebook.indicators is msgspec.UNSET else rulebook.indicators
    measured = {term.indicator: UNITS.get(term.unit) for term in terms}
    for place, clause in enumerate(rulebook.clauses):
        declared = DECLARED.get(str(clause.rule), {})
        path = f"clauses[{place}]"
        indicator = None if clause.indicator is msgspec.UNSET else measured.get(clause.indicator)
        yield from _stated(clause, path, declared, indicator)
        yield from _scale(clause, path, declared)


def _stated(
    clause: Clause, path: str, declared: Mapping[str, Declared], indicator: Unit | None
) -> Iterator[LintFinding]:
    stated = {} if clause.units is msgspec.UNSET else clause.units
    measure, because = indicator, "indicator"
    for name, unit_name in sorted(stated.items()):
        where = f"{path}.units.{name}"
        unit = UNITS.get(unit_name)
        if unit is None:
            yield _report(
                clause,
                "RB-UNIT-UNKNOWN",
                where,
                f"没有计量单位 {unit_name}",
                f"there is no unit of measure {unit_name}",
            )
        elif name not in declared:
            yield _report(
                clause,
                "RB-UNIT-MISMATCH",
                where,
                f"{clause.rule} 没有数值参数 {name}",
                f"{clause.rule} has no numeric parameter {name}",
            )
        elif declared[name] == "measure":
            if measure is None:
                measure, because = unit, name
            elif not _alike(unit, measure):
                yield _report(
                    clause,
                    "RB-UNIT-MISMATCH",
                    where,
                    f"{name} 以{unit.zh}计，{because} 以{measure.zh}计",
                    f"{name} is in {unit.en}, {because} in {measure.en}",
                )
        elif unit.quantity not in _FITTING[declared[name]]:
            yield _report(
                clause,
                "RB-UNIT-MISMATCH",
                where,
                f"{name} 以{unit.zh}计，规则要求 {declared[name]}",
                f"{name} is in {unit.en}, the rule takes {declared[name]}",
            )
    if "measure" in declared.values() and measure is None:
        yield LintFinding(
            code="RB-UNIT-MISSING",
            severity="info",
            path=path,
            clause=clause.clause,
            zh="未写明实际值的计量单位（units 或 indicator）",
            en="the unit of the actual value is not stated (units or indicator)",
        )


def _alike(one: Unit, other: Unit) -> bool:
    """The same unit, or per cent and percentage points."""
    return one == other or one.quantity == other.quantity == "percent"


def _scale(clause: Clause, path: str, declared: Mapping[str, Declared]) -> Iterator[LintFinding]:
    for name, most in _RATIO_MAX.items():
        if declared.get(name) != "ratio":
            continue
        for where, value in numbers(clause, name):
            if value > most:
                yield LintFinding(
                    code="RB-RATIO-SCALE",
                    severity="warning",
                    path=f"{path}.{where}",
                    clause=clause.clause,
                    zh=f"{name} 为比值，{shown(value)} 即 {shown(100 * value)} %；是否误写了百分数？",
                    en=f"{name} is a ratio, so {shown(value)} is {shown(100 * value)} %; was per "
                    "cent meant?",
                )


def _report(clause: Clause, code: str, path: str, zh: str, en: str) -> LintFinding:
    return LintFinding(code=code, path=path, clause=clause.clause, zh=zh, en=en)
