"""What makes the optional sections of a rulebook fit to be scored by."""

from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.section import Section
from opsledger_contracts.documents.structure import CapGrade
from opsledger_contracts.rules.checks import bands, known, ordered, unique
from opsledger_contracts.rules.gating import DIFFICULTY_RULES, GATE_RULES
from opsledger_contracts.rules.group import ANNUAL_RULES, GROUP_RULES
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.ranking import QUOTA_RULES, TIE_RULES
from opsledger_contracts.rules.run import sections
from opsledger_contracts.rules.veto import VETO_RULES
from opsledger_contracts.rules.warnings import GAP_RULES, LEVEL_RULES

_RULES: Final[Mapping[tuple[str, str], Collection[str]]] = MappingProxyType(
    {
        ("gate", "rule"): GATE_RULES,
        ("difficulty", "rule"): DIFFICULTY_RULES,
        ("veto", "rule"): VETO_RULES,
        ("group", "rule"): GROUP_RULES,
        ("annual", "rule"): ANNUAL_RULES,
        ("unit_quota", "rule"): QUOTA_RULES,
        ("unit_quota", "tie_rule"): TIE_RULES,
        ("warnings", "rule"): LEVEL_RULES,
        ("warnings", "gap_rule"): GAP_RULES,
    }
)
"""Where optional sections name a rule, and what the engine has for it."""


def _finding(section: Section, code: str, path: str, zh: str, en: str) -> Finding:
    return Finding(code=code, path=path, zh=zh, en=en, clause=section.clause)


def _rules(rulebook: Rulebook) -> Iterator[Finding]:
    for (name, field), table in _RULES.items():
        section = getattr(rulebook, name)
        if section is not msgspec.UNSET:
            yield from known(
                section, f"{name}.{field}", "unknown_primitive", [getattr(section, field)], [*table]
            )


def _steps(rulebook: Rulebook) -> Iterator[Finding]:
    for step, section in sections(rulebook).items():
        if section is msgspec.UNSET:
            if step in rulebook.order.steps:
                yield _finding(
                    rulebook.order,
                    "step_without_section",
                    "order.steps",
                    f"步骤 {step} 没有相应的规定",
                    f"there is no section for the step {step}",
                )
        # The status of units may be left to the group's operating status alone.
        elif step not in rulebook.order.steps and step != "status":
            yield _finding(
                section,
                "section_without_step",
                "order.steps",
                f"计算次序缺少步骤 {step}",
                f"the order of operations has no step {step}",
            )


def _full_marks(rulebook: Rulebook) -> Iterator[Finding]:
    for place, clause in enumerate(rulebook.clauses):
        if clause.full is msgspec.UNSET:
            continue
        if clause.rule is None or parse_decimal(clause.full) <= 0:
            yield Finding(
                code="full_marks",
                path=f"clauses[{place}].full",
                zh="满分须大于 0，且仅计分条款有满分",
                en="full marks are above 0 and stand at a clause that scores",
                clause=clause.clause,
            )


def _gate(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.gate
    if policy is msgspec.UNSET:
        return
    scoring = [clause.clause for clause in rulebook.clauses if clause.rule is not None]
    names = [row.scored_by for row in policy.bases]
    yield from known(policy, "gate.bases", "unknown_clause", names, scoring)
    yield from unique(policy, "gate.bases", names)
    if not any(row.trips for row in policy.bases):
        yield _finding(
            policy, "gate_never_closes", "gate.bases", "无可触发的工作项", "nothing can close it"
        )


def _difficulty(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.difficulty
    if policy is not msgspec.UNSET:
        yield from ordered(policy, "difficulty", ("0", "min", "max"), ("0", policy.min, policy.max))


def _veto(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.veto
    if policy is msgspec.UNSET:
        return
    clauses = [clause.clause for clause in rulebook.clauses]
    grades = [band.grade for band in rulebook.grades.bands]
    for place, row in enumerate(policy.clauses):
        path = f"veto.clauses[{place}]"
        yield from known(row, f"{path}.clause", "unknown_clause", [row.clause], clauses)
        named = [effect.grade for effect in row.effects if isinstance(effect, CapGrade)]
        yield from known(row, f"{path}.effects", "unknown_grade", named, grades)
    pairs = [f"{row.category}/{row.severity}" for row in policy.clauses]
    yield from unique(policy, "veto.clauses", pairs)


def _status(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.status
    if policy is not msgspec.UNSET:
        yield from bands(
            policy.clause, "status.bands", [(band.lo, band.hi) for band in policy.bands]
        )
        yield from unique(policy, "status.bands", [band.status for band in policy.bands])


def _group(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.group
    if policy is msgspec.UNSET:
        return
    if rulebook.status is msgspec.UNSET:
        yield _finding(policy, "status_missing", "status", "缺少运营状态区间", "there are no bands")
        return
    shares = (parse_decimal(policy.operating_share), parse_decimal(policy.functional_share))
    if sum(shares, Fraction(0)) != 1 or min(shares) < 0:
        yield _finding(
            policy, "group_shares", "group", "两项占比合计须为 1", "the two shares total 1"
        )
    yield from unique(policy, "group.types", [*policy.operating_types, *policy.functional_types])
    order = [band.status for band in rulebook.status.bands]
    yield from known(policy, "group.caps", "unknown_status", [c.status for c in policy.caps], order)
    places = [
        (cap.vetoes_from, order.index(cap.status)) for cap in policy.caps if cap.status in order
    ]
    if any(
        first >= later or worse > better for (first, worse), (later, better) in pairwise(places)
    ):
        yield _finding(
            policy,
            "group_caps",
            "group.caps",
            "否决数须递增，状态不得变好",
            "with more vetoes the status gets no better",
        )


def _annual(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.annual
    if policy is not msgspec.UNSET:
        yield from ordered(
            policy,
            "annual.monthly_share",
            ("0", "monthly_share", "1"),
            ("0", policy.monthly_share, "1"),
        )


def _unit_quota(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.unit_quota
    if policy is msgspec.UNSET:
        return
    named = [grade for row in policy.maxima for grade in row.grades]
    grades = [band.grade for band in rulebook.grades.bands]
    yield from known(policy, "unit_quota.maxima", "unknown_grade", named, grades)
    yield from unique(policy, "unit_quota.maxima", named)
    for row in policy.maxima:
        yield from ordered(policy, "unit_quota.maxima", ("0", "share", "1"), ("0", row.share, "1"))
    if grades[-1] in named:
        yield _finding(
            policy,
            "quota_of_lowest",
            "unit_quota.maxima",
            "最低等级不设上限",
            "the lowest grade has no maximum: nobody could move further down",
        )
    yield from unique(policy, "unit_quota.tie_breaks", policy.tie_breaks)
    if policy.tie_breaks[-1] != "unit_code":
        yield _finding(
            policy,
            "tie_left",
            "unit_quota.tie_breaks",
            "最后须以单位代码定序",
            "the unit code stands last, so that no tie is left",
        )


def _warnings(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.warnings
    if policy is msgspec.UNSET:
        return
    levels = [str(row.node_level) for row in policy.nodes]
    yield from unique(policy, "warnings.nodes", levels)
    for place, row in enumerate(policy.nodes):
        days = [band.days_from for band in row.late]
        if days != sorted(set(days)):
            yield _finding(
                policy,
                "warning_days",
                f"warnings.nodes[{place}].late",
                "延误天数须递增",
                "days late ascend",
            )


def _small_units(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.distribution
    if policy.small_units is msgspec.UNSET:
        return
    rows = sorted(row.organisation_grade for row in policy.small_units)
    if rows != sorted(band.grade for band in rulebook.grades.bands):
        yield _finding(
            policy,
            "distribution_rows",
            "distribution.small_units",
            "每个组织等级须恰有一行",
            "every organisation grade has exactly one row",
        )


def _late_facts(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.late_facts
    if policy is not msgspec.UNSET and parse_decimal(policy.materiality) <= 0:
        yield _finding(
            policy, "materiality", "late_facts.materiality", "须大于 0", "0 < materiality"
        )


STRUCTURE_CHECKS: Final[tuple[Callable[[Rulebook], Iterator[Finding]], ...]] = (
    _rules,
    _steps,
    _full_marks,
    _gate,
    _difficulty,
    _veto,
    _status,
    _group,
    _annual,
    _unit_quota,
    _warnings,
    _small_units,
    _late_facts,
)
