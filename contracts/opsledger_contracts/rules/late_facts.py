"""Facts after freezing: whether their effect on a total is material (SR-28)."""

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.fields import DecimalText, Identifier, RationalText
from opsledger_contracts.rules.inputs import Outcome
from opsledger_contracts.rules.numbers import exact, parse_decimal, shown
from opsledger_contracts.rules.run import required


class LateEffect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fact after freezing would change; a material effect calls for reopening."""

    clause: Identifier
    total_before: DecimalText
    total_after: DecimalText
    delta: RationalText
    grade_before: Identifier
    grade_after: Identifier
    material: bool
    zh: str
    en: str


def late_effect(published: Outcome, corrected: Outcome, rulebook: Rulebook) -> LateEffect:
    """The effect on the published total, compared as published figures are.

    It is material from `materiality` on, whether up or down, and when the grade changes.

    Raises:
        InvalidRulebook: the rulebook has no such section.

    """
    policy = required(rulebook.late_facts, "late_facts", rulebook)
    delta = parse_decimal(corrected.total) - parse_decimal(published.total)
    changed = published.grade != corrected.grade
    material = abs(delta) >= parse_decimal(policy.materiality) or changed
    said_zh = "提请重新考核" if material else "不影响已公布得分"
    said_en = "reopening is proposed" if material else "the published score stands"
    return LateEffect(
        clause=policy.clause,
        total_before=published.total,
        total_after=corrected.total,
        delta=exact(delta),
        grade_before=published.grade,
        grade_after=corrected.grade,
        material=material,
        zh=f"总分 {published.total} → {corrected.total}（{shown(delta)}），"
        f"等级 {published.grade} → {corrected.grade}，"
        f"重要性界限 {policy.materiality}：{said_zh}",
        en=f"total {published.total} -> {corrected.total} ({shown(delta)}), grade "
        f"{published.grade} -> {corrected.grade}, materiality {policy.materiality}: {said_en}",
    )
