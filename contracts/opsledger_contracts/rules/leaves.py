"""Leaves of the explanation tree: each cites the entries its value comes from and a clause."""

from fractions import Fraction
from typing import Literal, assert_never

from msgspec import UNSET

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.rules.errors import UnknownClause
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    CompletionFact,
    Explanation,
    Fact,
    ItemInput,
    JudgementFact,
    Occurrence,
    OccurrencesFact,
    PointsInput,
    RatingInput,
    UnfinishedFact,
    ValueFact,
)
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational, shown
from opsledger_contracts.rules.wording import CAUSES, KINDS, TREATMENTS, Word, parameter_word


def clause_of(rulebook: Rulebook, clause: str, where: str) -> Clause:
    """The clause of this name.

    Raises:
        UnknownClause: the rulebook does not have it; `where` says who names it.

    """
    try:
        return rulebook.clause(clause)
    except KeyError:
        raise UnknownClause(where=where, clause=clause, rulebook=rulebook.name) from None


def terms_leaf(item: ItemInput) -> Explanation:
    """The terms of an item in the bound letter revision."""
    weight = parse_rational(item.weight)
    given = sorted(item.params.items())
    zh = "".join(f"，{parameter_word(name, 'zh')} {text}" for name, text in given)
    en = "".join(f", {parameter_word(name, 'en')} {text}" for name, text in given)
    return Explanation(
        op="terms",
        path="terms",
        clause=item.clause,
        zh=f"{item.title}：权重 {shown(weight)}{zh}",
        en=f"terms of {item.item}: weight {shown(weight)}{en}",
        params={**item.params, "weight": exact(weight)},
        sources=item.sources,
    )


def fact_leaf(item: ItemInput, fact: Fact) -> Explanation:
    """What was recorded for an item, with the entries that say so."""
    value, params, words = _read(fact)
    sources = fact.sources
    if isinstance(fact, OccurrencesFact):
        sources += tuple(source for row in fact.occurrences for source in row.sources)
    return Explanation(
        op="fact",
        path="fact",
        clause=item.clause,
        zh=words.zh,
        en=words.en,
        exact=None if value is None else exact(parse_decimal(value)),
        params=params,
        sources=sources,
    )


def _read(fact: Fact) -> tuple[str | None, dict[str, str], Word]:
    """The number in a fact if it has one, what it states, and how that is said."""
    match fact:
        case ValueFact():
            return (
                fact.value,
                {"unit": fact.unit, "value": fact.value},
                Word(f"实际值 {fact.value} {fact.unit}", f"actual value {fact.value} {fact.unit}"),
            )
        case CompletionFact():
            day = fact.evidence_date.isoformat()
            quality = _quality(fact)
            return (
                None,
                {"evidence_date": day, **quality},
                Word(
                    "，".join((f"完成的证据日期 {day}", *_stated(quality, "zh"))),
                    ", ".join((f"completed by evidence of {day}", *_stated(quality, "en"))),
                ),
            )
        case UnfinishedFact():
            day = fact.on.isoformat()
            return (
                None,
                {"unfinished_on": day},
                Word(f"至 {day} 仍未完成", f"still not done on {day}"),
            )
        case JudgementFact():
            graded = {} if fact.grade is UNSET else {"grade": fact.grade}
            judged = " ".join((*graded.values(), fact.value))
            return (
                fact.value,
                {"value": fact.value, **graded},
                Word(f"评定 {judged}：{fact.reason}", f"judged {judged}: {fact.reason}"),
            )
        case OccurrencesFact():
            listed = ", ".join(
                f"{row.occurrence} {row.category}{_counted(row)}" for row in fact.occurrences
            )
            return (
                None,
                {
                    f"{row.occurrence}/{row.category}": f"{row.points or '-'}{_counted(row)}"
                    for row in fact.occurrences
                },
                Word(f"事件：{listed or '无'}", f"events: {listed or 'none'}"),
            )
        case _:
            assert_never(fact)


def _counted(row: Occurrence) -> str:
    return "" if row.count is UNSET else f" × {row.count}"


def _quality(fact: CompletionFact) -> dict[str, str]:
    """What the completion states of quality; nothing for most rules."""
    return {
        name: value
        for name in ("quality", "quality_points", "quality_reason")
        for value in (getattr(fact, name),)
        if value is not UNSET
    }


def _stated(quality: dict[str, str], language: Literal["zh", "en"]) -> list[str]:
    sentences: list[str] = []
    if "quality" in quality:
        met = quality["quality"] == "met"
        zh, en = ("质量达标", "quality met") if met else ("质量未达标", "quality not met")
        sentences.append(zh if language == "zh" else en)
    if "quality_points" in quality:
        points, reason = quality["quality_points"], quality.get("quality_reason", "")
        sentences.append(
            f"质量扣 {points} 分：{reason}"
            if language == "zh"
            else f"{points} off for quality: {reason}"
        )
    return sentences


def adjustment_leaf(adjustment: AdjustmentInput, rulebook: Rulebook) -> Explanation:
    """An approved adjustment, under the clause that governs its cause."""
    policy = (
        rulebook.force_majeure if adjustment.cause_class == "force_majeure" else rulebook.adjustment
    )
    changes = {
        f"{change.item}.{change.parameter}": f"{change.value_from} → {change.value_to}"
        for change in adjustment.changes
    }
    kind, cause = KINDS[adjustment.kind], CAUSES[adjustment.cause_class]
    treatment = TREATMENTS[adjustment.treatment]
    place_zh, place_en = "由计分适用", "applied by scoring"
    if adjustment.carried_by is not None:
        place_zh = f"载于责任书第 {adjustment.carried_by} 版"
        place_en = f"carried by letter revision {adjustment.carried_by}"
    items = ", ".join(adjustment.items)
    changed = {
        language: [
            f"{change.item} {parameter_word(change.parameter, language)} "
            f"{change.value_from} → {change.value_to}"
            for change in adjustment.changes
        ]
        for language in ("zh", "en")
    }
    return Explanation(
        op="adjustment",
        path=adjustment.adjustment,
        clause=policy.clause,
        zh="，".join(
            (
                f"调整 {adjustment.adjustment}（{kind.zh}，{cause.zh}）涉及 {items}",
                f"处理方式为{treatment.zh}",
                *changed["zh"],
                place_zh,
            )
        ),
        en=", ".join(
            (
                f"adjustment {adjustment.adjustment} ({kind.en}, {cause.en}) of {items}",
                treatment.en,
                *changed["en"],
                place_en,
            )
        ),
        params={
            **changes,
            "items": items,
            "kind": adjustment.kind,
            "cause_class": adjustment.cause_class,
            "treatment": adjustment.treatment,
        },
        sources=adjustment.sources,
    )


def rating_leaf(rating: RatingInput, value: Fraction, clause: str) -> Explanation:
    """One counted rating of a survey."""
    return Explanation(
        op="rating",
        path=rating.rater,
        clause=clause,
        zh=f"{rating.rater} 评分 {shown(value)}",
        en=f"rating by {rating.rater}: {shown(value)}",
        exact=exact(value),
        sources=rating.sources,
    )


def points_leaves(
    op: Literal["bonus", "penalty"], rows: tuple[PointsInput, ...], rulebook: Rulebook
) -> list[tuple[Fraction, Explanation]]:
    """Bonus or penalty points with their leaves, by clause and entry.

    Raises:
        UnknownClause: points are given under a clause that the rulebook does not have.

    """
    label = "加分" if op == "bonus" else "扣分"
    leaves: list[tuple[Fraction, Explanation]] = []
    for place, row in enumerate(
        sorted(rows, key=lambda row: (row.clause, row.sources[0].stream, row.sources[0].version)),
        start=1,
    ):
        clause_of(rulebook, row.clause, op)
        points = parse_decimal(row.points)
        leaves.append(
            (
                points,
                Explanation(
                    op=op,
                    path=f"{op}-{place}",
                    clause=row.clause,
                    zh=f"{label} {row.points}:{row.reason}",
                    en=f"{op} {row.points}: {row.reason}",
                    exact=exact(points),
                    sources=row.sources,
                ),
            )
        )
    return leaves


def change_leaf(adjustment: AdjustmentInput, points: Fraction, clause: str) -> Explanation:
    """The points that a change of terms costs (SR-15(4))."""
    cause = CAUSES[adjustment.cause_class]
    return Explanation(
        op="change_penalty",
        path=adjustment.adjustment,
        clause=clause,
        zh=f"调整 {adjustment.adjustment}（{cause.zh}）扣 {shown(points)} 分",
        en=f"adjustment {adjustment.adjustment} ({cause.en}) costs {shown(points)}",
        exact=exact(points),
        sources=adjustment.sources,
    )
