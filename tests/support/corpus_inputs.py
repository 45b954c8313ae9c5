"""Inputs of the golden corpus: one assessment with items, survey, points, adjustments and vetoes."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.rules.inputs import ScoringInputs
from support.corpus_clauses import REASONS, RULES, YEAR_END, YEAR_START, Plain
from support.corpus_drawing import Draw
from support.corpus_rulebooks import CATEGORIES, POINTS, SEVERITIES, UNIT_TYPES

RATERS: Final = (
    "FIN",
    "fin",
    "Hr",
    "hr-2",
    "HR-10",
    "Audit",
    "audit_2",
    "b.1",
    "B.1",
    "MKT",
    "U-1",
)
"""Names that a sort by letters without case, or by the customs of a language, puts otherwise."""
LEVELS: Final = ("key", "major", "ordinary")
CAUSES: Final = ("self", "other_department", "group_imposed", "external", "force_majeure")


def subject(place: int) -> str:
    """The unit that the assessment of this place is of."""
    return f"U-{place:03d}"


def assessment(draw: Draw, rulebook: Rulebook, place: int) -> ScoringInputs:
    """The inputs of one assessment under a rulebook; three in a hundred have a fault planted."""
    clauses = [row for row in rulebook.clauses if row.rule is not None]
    count = draw.pick((1, 2, 2, 3, 3, 4, 5, 7))
    chosen = [draw.pick(clauses) for _ in range(count)]
    parts = [draw.between(1, 12) for _ in chosen]
    items = [
        item_of(draw, number, clause, Fraction(100 * part, sum(parts)))
        for number, (clause, part) in enumerate(zip(chosen, parts, strict=True), start=1)
    ]
    document: Plain = {
        "assessment": f"A-{rulebook.rulebook}-{place}",
        "subject": subject(place),
        "unit_type": draw.pick(UNIT_TYPES),
        "period": {"from": YEAR_START.isoformat(), "to": YEAR_END.isoformat()},
        "letter": f"L-{place}",
        "letter_revision": 3,
        "items": items,
        "adjustments": _adjustments(draw, items, place),
        "bonus": _points(draw, place, "bonus"),
        "penalties": _points(draw, place, "penalty"),
    }
    steps = rulebook.order.steps
    if draw.chance(90):
        document["satisfaction"] = _survey(draw, place)
    if "coefficient" in steps:
        document["difficulty"] = {
            "coefficient": draw.pick(("0.8", "0.95", "1", "1.10", "1.25")),
            "reason": draw.pick(REASONS),
            "sources": sources("assessment", place, 3),
        }
    if "veto" in steps and draw.chance(45):
        document["vetoes"] = [_veto(draw, number) for number in range(draw.between(1, 3))]
    if draw.chance(3):
        draw.pick(FAULTS)(document, draw)
    return msgspec.convert(document, ScoringInputs)


def sources(noun: str, name: object, version: int) -> list[Plain]:
    """The one entry that something comes from."""
    return [{"stream": f"{noun}/X-{name}", "version": version}]


def item_of(draw: Draw, number: int, clause: Clause, weight: Fraction) -> Plain:
    """An item under a clause, with its terms and the fact that is scored."""
    params, fact = RULES[str(clause.rule)].item(draw, dict(clause.params))
    name = draw.pick(("I", "i", "N", "n.", "K-")) + f"{number:02d}"
    for row in fact.get("occurrences", ()):
        row["sources"] = sources("incident", row["occurrence"], draw.between(1, 9))
    return {
        "item": name,
        "title": draw.pick(("回款额", "示范区开放", "Straßenbau", "İdare", "安全")),
        "category": draw.pick(CATEGORIES),
        "level": draw.pick(LEVELS),
        "weight": str(weight),
        "clause": clause.clause,
        "params": params,
        "fact": {**fact, "sources": sources("measurement", name, draw.between(1, 400))},
        "sources": sources("letter", number, draw.between(1, 40)),
    }


def _survey(draw: Draw, place: int) -> Plain:
    raters = draw.some(RATERS, draw.pick((0, 1, 3, 5, 6, 7, 8, 11)))
    if draw.chance(15):
        raters.append(subject(place))
    dimensions = draw.between(1, 5)
    return {
        "survey": f"S-{place}",
        "ratings": [
            {
                "rater": rater,
                "ratee": subject(place),
                "values": [draw.decimal(4, 10, draw.below(3)) for _ in range(dimensions)],
                "sources": sources("survey", place, version),
            }
            for version, rater in enumerate(raters, start=2)
        ],
        "sources": sources("survey", place, 40),
    }


def _points(draw: Draw, place: int, noun: str) -> list[Plain]:
    return [
        {
            "clause": draw.pick(POINTS),
            "points": draw.decimal(0, 4, draw.below(3)),
            "reason": draw.pick(REASONS),
            "sources": sources(noun, place, number),
        }
        for number in range(1, 1 + draw.pick((0, 0, 1, 2, 3)))
    ]


def _veto(draw: Draw, number: int) -> Plain:
    veto: Plain = {
        "incident": draw.pick(("INC-", "inc-", "Inc.")) + str(number),
        "category": "accident",
        "severity": draw.pick(SEVERITIES),
        "degree": draw.pick(("主要责任", "次要责任")),
        "accident_date": draw.day(date(2025, 11, 1), date(2027, 1, 31)).isoformat(),
        "determination": f"认定书〔2026〕{number} 号",
        "sources": sources("incident", number, 5),
    }
    if draw.chance(25):
        veto["lifted"] = {"reason": "复核后解除", "sources": sources("incident", number, 9)}
    return veto


def _adjustments(draw: Draw, items: list[Plain], place: int) -> list[Plain]:
    names = draw.shuffled([f"{prefix}-{place}" for prefix in ("AD", "ad", "Z", "b")])
    rows = []
    for name in names[: draw.pick((0, 0, 1, 1, 2, 3))]:
        row: Plain = {
            "adjustment": name,
            "cause_class": draw.pick(CAUSES),
            "requested_on": draw.day(YEAR_START, YEAR_END).isoformat(),
            "sources": sources("adjustment", name, 4),
        }
        if draw.chance(30):
            row["causing_unit"] = draw.pick((subject(place), subject(place + 1)))
        adjusted = draw.pick(_ADJUSTED)
        if adjusted is _excluded and len(items) == 1:
            adjusted = _left_alone
        row |= adjusted(draw, draw.pick(items))
        rows.append(row)
    return rows


def _extended(draw: Draw, item: Plain) -> Plain:
    """An extension that scoring applies; of an item without a due day nothing is changed."""
    changes = []
    if "due" in item["params"]:
        due = date.fromisoformat(item["params"]["due"])
        later = due + timedelta(days=draw.between(1, 30))
        changes = [_change(item, "due", due.isoformat(), later.isoformat())]
    return {
        "kind": "force_majeure",
        "treatment": "extend",
        "items": [item["item"]],
        "changes": changes,
    }


def _retargeted(draw: Draw, item: Plain) -> Plain:
    changes = []
    if "target" in item["params"]:
        lower = Fraction(item["params"]["target"]) * draw.between(50, 99) / 100
        changes = [_change(item, "target", item["params"]["target"], _text(lower))]
    return {
        "kind": "retarget",
        "treatment": "retarget",
        "items": [item["item"]],
        "changes": changes,
    }


def _text(value: Fraction) -> str:
    """A value of at most four places as decimal text."""
    scaled = value * 10_000
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled.numerator // scaled.denominator), 10_000)
    return f"{sign}{whole}.{rest:04d}"


def _change(item: Plain, parameter: str, before: str | None, after: str) -> Plain:
    return {
        "item": item["item"],
        "parameter": parameter,
        "value_from": before,
        "value_to": after,
    }


def _left_alone(draw: Draw, item: Plain) -> Plain:
    return {
        "kind": draw.pick(
            ("force_majeure", "reweight", "transfer", "data_correction", "party_change")
        ),
        "treatment": draw.pick(("refuse", "none", "reweight")),
        "items": [item["item"]],
    }


def _excluded(_draw: Draw, item: Plain) -> Plain:
    """An item taken out; refused where nothing is left that could take its weight."""
    return {"kind": "force_majeure", "treatment": "exclude", "items": [item["item"]]}


def _carried(draw: Draw, item: Plain) -> Plain:
    """What the letter carries already: an added item, a moved date, an item that is gone."""
    match draw.below(3):
        case 0:
            return {
                "kind": "add",
                "treatment": "reweight",
                "items": [item["item"]],
                "carried_by": draw.between(1, 3),
            }
        case 1:
            return {
                "kind": "reschedule",
                "treatment": "extend",
                "items": [item["item"]],
                "changes": [_change(item, "due", None, "2026-09-30")],
                "carried_by": draw.between(1, 3),
            }
        case _:
            return {
                "kind": "delete",
                "treatment": "reweight",
                "items": ["GONE-1"],
                "carried_by": draw.between(1, 3),
            }


def _deleted(_draw: Draw, item: Plain) -> Plain:
    """A deletion; where its cause says so the item scores 0 for its weight."""
    return {"kind": "delete", "treatment": "none", "items": [item["item"]]}


_ADJUSTED: Final[tuple[Callable[[Draw, Plain], Plain], ...]] = (
    _extended,
    _retargeted,
    _left_alone,
    _excluded,
    _carried,
    _deleted,
)


def _without_fact(document: Plain, draw: Draw) -> None:
    draw.pick(document["items"])["fact"] = None


def _with_another_fact(document: Plain, draw: Draw) -> None:
    item = draw.pick(document["items"])
    item["fact"] = {"kind": "unfinished", "on": "2026-12-31", "sources": item["sources"]}


def _with_other_weights(document: Plain, draw: Draw) -> None:
    draw.pick(document["items"])["weight"] = "12.5"


def _under_no_clause(document: Plain, draw: Draw) -> None:
    draw.pick(document["items"])["clause"] = "99"


def _with_further_parameter(document: Plain, draw: Draw) -> None:
    draw.pick(document["items"])["params"]["mode"] = "1"


def _with_zero_target(document: Plain, draw: Draw) -> None:
    draw.pick(document["items"])["params"] |= {"target": "0"}


def _carried_too_late(document: Plain, draw: Draw) -> None:
    document["adjustments"] = [
        {
            "adjustment": "LATE",
            "cause_class": draw.pick(CAUSES),
            "requested_on": "2026-05-01",
            "sources": sources("adjustment", "LATE", 1),
            "kind": "reschedule",
            "treatment": "extend",
            "items": ["I01"],
            "carried_by": 4,
        }
    ]


def _repeated(document: Plain, _draw: Draw) -> None:
    document["items"].append(document["items"][0])


FAULTS: Final[tuple[Callable[[Plain, Draw], None], ...]] = (
    _without_fact,
    _with_another_fact,
    _with_other_weights,
    _under_no_clause,
    _with_further_parameter,
    _with_zero_target,
    _carried_too_late,
    _repeated,
)
"""Inputs that the rules refuse: the refusal is a result like any other."""
