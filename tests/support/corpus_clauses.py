"""Scoring clauses of the golden corpus: parameters of every item rule, and facts that it scores.

What a clause fixes is drawn once for a rulebook; what an item brings and what was recorded for it
is drawn for each item, so that all pieces of a rule are met: below, at and above each edge.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from support.corpus_drawing import Draw, decimal

Plain = dict[str, Any]
YEAR_START: Final = date(2026, 1, 1)
YEAR_END: Final = date(2026, 12, 31)
MODES: Final = ("whole_step", "pro_rata")
UNITS: Final = ("万元", "%", "分", "m²")
REASONS: Final = ("省级表彰", "按期、足额", "İstanbul görüşmesi", "Straße", "ﬁne — “ok”", "第 3 期")


class Scored(NamedTuple):
    """What an item brings: its own parameters and the fact, the latter without its sources."""

    params: dict[str, str]
    fact: Plain


class RuleDraw(NamedTuple):
    """How clauses and items of one rule are drawn."""

    item_params: tuple[str, ...]
    clause: Callable[[Draw], Plain]
    """Parameters that the clause fixes."""
    item: Callable[[Draw, Plain], Scored]
    """What an item brings under those parameters."""
    full: str | None = None
    """Points that mean full marks, where that is not the total of the weights."""


def _value(draw: Draw, value: str) -> Plain:
    return {"kind": "value", "value": value, "unit": draw.pick(UNITS)}


def _near(draw: Draw, target: int, places: int) -> str:
    """A value around a target; one in six is exactly the target, some are whole per cents off."""
    if draw.chance(16):
        return decimal(target * 10**places, places)
    if draw.chance(30):
        return decimal(target * (100 + draw.between(-40, 40)) * 10**places // 100, places)
    return decimal(draw.between(0, 2 * target * 10**places), places)


def _ratio_item(draw: Draw, _params: Plain) -> Scored:
    target = draw.between(1, 200_000)
    return Scored({"target": str(target)}, _value(draw, _near(draw, target, draw.below(4))))


def _proportional_1(draw: Draw) -> Plain:
    return {
        "floor": draw.pick(("0", "0.5", "0.60")),
        "cap": draw.pick(("1", "1.05", "1.2", "1.200000000001")),
        "scale": "100",
    }


def _proportional_2(draw: Draw) -> Plain:
    return {
        "floor": draw.pick((None, "0", "0.3")),
        "cap": draw.pick((None, "1.1", "1.5")),
        "scale": draw.pick(("100", "90", "33.3")),
    }


def _piecewise_linear(draw: Draw) -> Plain:
    return {
        "threshold_score": draw.decimal(40, 70, 1),
        "target_score": draw.pick(("100", "90")),
        "stretch_score": draw.decimal(101, 130, 2),
        "below": draw.pick(("zero", "min")),
    }


def _piecewise_item(draw: Draw, _params: Plain) -> Scored:
    target = draw.between(10, 9_000)
    threshold, stretch = target - draw.between(1, target), target + draw.between(1, target)
    edge = draw.pick((str(threshold), str(target), str(stretch), None, None, None))
    return Scored(
        {"threshold": str(threshold), "target": str(target), "stretch": str(stretch)},
        _value(draw, edge or _near(draw, target, draw.below(3))),
    )


def _step(draw: Draw) -> Plain:
    return {
        "base": draw.pick(("100", "90")),
        "step": draw.pick(("0.03", "0.01", "0.07")),
        "mode": draw.pick(MODES),
        "points_up": draw.decimal(1, 4, 1),
        "points_down": draw.decimal(1, 5, 1),
        "cap_up": draw.pick(("10", "20")),
        "cap_down": draw.pick(("50", "100")),
    }


def _bands(draw: Draw) -> Plain:
    edges = sorted((draw.between(1, 9_900) for _ in range(draw.between(1, 5))), reverse=True)
    edges = list(dict.fromkeys(edges))
    texts = [decimal(edge, 2) for edge in edges]
    tops, bottoms = [None, *texts], [*texts, None]
    return {
        "bands": [
            {"lo": low, "hi": high, "score": draw.decimal(0, 110, 2)}
            for low, high in zip(bottoms, tops, strict=True)
        ]
    }


def _band_item(draw: Draw, params: Plain) -> Scored:
    edges = [row["lo"] for row in params["bands"] if row["lo"] is not None]
    value = draw.pick(edges) if draw.chance(25) else draw.decimal(-5, 120, 2)
    return Scored({}, _value(draw, value))


def _categories(draw: Draw) -> list[Plain]:
    rows = []
    for category in ("Minor", "major", "Zero", "fatal"):
        low = draw.between(1, 40)
        high = low + draw.pick((0, 0, 10))
        rows.append(
            {
                "category": category,
                "points_min": decimal(low, 1),
                "points_max": decimal(high, 1),
            }
        )
    return rows


def _deduct_count_1(draw: Draw) -> Plain:
    return {"base": "100", "floor": draw.pick(("0", "-20")), "categories": _categories(draw)}


def _deduct_count_2(draw: Draw) -> Plain:
    return {
        "base": draw.pick(("100", "80")),
        "floor": "0",
        "same_occurrence": draw.pick(("highest", "sum")),
        "categories": _categories(draw),
    }


def _events(draw: Draw, params: Plain, *, counted: bool) -> Scored:
    rows: list[Plain] = []
    for _ in range(draw.pick((0, 1, 1, 2, 3, 6))):
        category = draw.pick(params["categories"])
        row: Plain = {
            "occurrence": f"E-{draw.between(1, 4)}",
            "category": category["category"],
            "points": None,
            "reason": None,
        }
        if category["points_min"] != category["points_max"]:
            row |= {
                "points": draw.pick((category["points_min"], category["points_max"])),
                "reason": draw.pick(REASONS),
            }
        if counted and draw.chance(60):
            row["count"] = draw.between(1, 12)
        rows.append(row)
    return Scored({}, {"kind": "occurrences", "occurrences": rows})


def _inverse_ratio(draw: Draw) -> Plain:
    return {
        "base": "100",
        "floor": draw.pick((None, "0", "20")),
        "cap": draw.pick((None, "110")),
    }


def _inverse_ratio_item(draw: Draw, _params: Plain) -> Scored:
    plan = draw.between(1, 20_000)
    return Scored({"plan": str(plan)}, _value(draw, _near(draw, plan, draw.below(3))))


def _inverse_step(draw: Draw) -> Plain:
    return {
        "base": "100",
        "step": draw.pick(("0.1", "0.5", "0.03")),
        "mode": draw.pick(MODES),
        "points_worse": draw.decimal(1, 6, 1),
        "points_better": draw.decimal(0, 3, 1),
        "cap_worse": draw.pick((None, "100", "30")),
        "cap_better": draw.pick((None, "10")),
    }


def _inverse_step_item(draw: Draw, _params: Plain) -> Scored:
    target = draw.between(100, 1_500)
    value = draw.pick((target, target + draw.between(-300, 300), target + 10 * draw.between(0, 9)))
    return Scored({"target": decimal(target, 2)}, _value(draw, decimal(value, 2)))


def _levels(draw: Draw) -> list[Plain]:
    return [
        {
            "level": str(level),
            "first_days": draw.between(0, 10),
            "first_points": draw.decimal(1, 4, 1),
            "later_points": draw.decimal(2, 6, 1),
            "zero_after": draw.between(15, 40),
            "early_points": draw.pick(("0", "0.5", "1")),
            "early_cap": draw.pick(("0", "5")),
        }
        for level in (1, 2, 3)
    ]


def _lateness(draw: Draw) -> Plain:
    return {"base": "100", "floor": draw.pick(("0", "10")), "levels": _levels(draw)}


def _days(draw: Draw) -> tuple[date, date]:
    """A due day and a day around it; every fifth is the due day itself or the day after."""
    due = draw.day(YEAR_START, YEAR_END)
    off = draw.pick((0, 1)) if draw.chance(20) else draw.between(-30, 45)
    return due, due + timedelta(days=off)


def _lateness_item(draw: Draw, _params: Plain) -> Scored:
    due, done = _days(draw)
    return Scored(
        {"due": due.isoformat(), "node_level": str(draw.between(1, 3))},
        {"kind": "completion", "evidence_date": done.isoformat()},
    )


def _baseline_cap(draw: Draw) -> Plain:
    return {
        **{name: text for name, text in _step(draw).items() if name != "cap_up"},
        "caps_up": [
            {"shortfall": None, "included": False, "cap": "20"},
            {"shortfall": "0", "included": draw.chance(50), "cap": "12.5"},
            {"shortfall": "0.1", "included": draw.chance(50), "cap": "5"},
        ],
    }


def _baseline_item(draw: Draw, params: Plain) -> Scored:
    own, fact = _ratio_item(draw, params)
    target = int(own["target"])
    baseline = draw.pick((target, max(1, target * 10 // 9), draw.between(1, 2 * target)))
    return Scored({**own, "baseline": str(baseline)}, fact)


def _negative_target(draw: Draw) -> Plain:
    return {
        **_step(draw),
        "reduction_share": draw.pick(("0.5", "1")),
        "profit_share": draw.pick(("1", "0.8")),
    }


def _negative_item(draw: Draw, _params: Plain) -> Scored:
    target = -draw.between(1, 5_000)
    value = draw.pick((target, 0, draw.between(3 * target, -2 * target)))
    return Scored({"target": str(target)}, _value(draw, str(value)))


def _stepped_start(draw: Draw) -> Plain:
    return {
        "condition": draw.pick(("80", "70")),
        "included": draw.chance(50),
        "start": draw.pick(("70", "80")),
        "target": draw.pick(("100", "97.5")),
        "full": "40",
        "floor": draw.pick(("0", "5")),
        "cap": draw.pick((None, "40", "48")),
    }


def _stepped_item(draw: Draw, params: Plain) -> Scored:
    edge = draw.pick((params["condition"], params["target"]))
    return Scored({}, _value(draw, edge if draw.chance(20) else draw.decimal(55, 125, 2)))


def _binary(draw: Draw) -> Plain:
    return {"met_score": draw.pick(("100", "105")), "not_met_score": draw.pick(("0", "30"))}


def _binary_item(draw: Draw, _params: Plain) -> Scored:
    due, done = _days(draw)
    fact: Plain = {"kind": "unfinished", "on": YEAR_END.isoformat()}
    if draw.chance(80):
        fact = {"kind": "completion", "evidence_date": done.isoformat()}
        fact["quality"] = draw.pick(("met", "met", "not_met"))
    return Scored({"due": due.isoformat()}, fact)


_GRADES: Final = (("A", "优", "90", None), ("b", "良", "75", "90"), ("C", "中", None, "75"))


def _scale(_draw: Draw) -> Plain:
    return {
        "floor": "0",
        "cap": "100",
        "grades": [
            {
                "grade": grade,
                "lo": low,
                "hi": high,
                "title_zh": title,
                "title_en": grade.upper(),
                "zh": f"评为{title}",
                "en": f"judged {grade}",
            }
            for grade, title, low, high in _GRADES
        ],
    }


def _scale_item(draw: Draw, _params: Plain) -> Scored:
    value = draw.pick(("75", "90", "100", "0")) if draw.chance(20) else draw.decimal(0, 100, 2)
    grade = next(
        grade for grade, _, low, _ in _GRADES if low is None or hundredths(value) >= int(low) * 100
    )
    return Scored(
        {},
        {"kind": "judgement", "value": value, "grade": grade, "reason": draw.pick(REASONS)},
    )


def hundredths(text: str) -> int:
    """Decimal text of at most two places in hundredths."""
    whole, _, rest = text.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _coefficient_lateness(draw: Draw) -> Plain:
    return {
        "per_day": draw.pick(("0.1", "0.05")),
        "per_day_of": draw.pick(("points", "share")),
        "quality_min": "0",
        "quality_max": "1",
        "scale": "100",
    }


def _coefficient_item(draw: Draw, _params: Plain) -> Scored:
    due, done = _days(draw)
    closes = due + timedelta(days=draw.between(0, 40))
    fact: Plain = {"kind": "unfinished", "on": closes.isoformat()}
    if draw.chance(85):
        fact = {"kind": "completion", "evidence_date": done.isoformat()}
        match draw.below(4):
            case 0:
                fact |= {"quality_points": draw.decimal(0, 1, 2), "quality_reason": "返工"}
            case 1:
                fact["quality"] = draw.pick(("met", "not_met"))
            case _:
                pass
    coefficient = draw.decimal(1, 5, 1)
    days = {"due": due.isoformat(), "closes": closes.isoformat()}
    return Scored({"coefficient": coefficient, **days}, fact)


RULES: Final[Mapping[str, RuleDraw]] = {
    "proportional@1": RuleDraw(("target",), _proportional_1, _ratio_item),
    "piecewise_linear@1": RuleDraw(
        ("threshold", "target", "stretch"), _piecewise_linear, _piecewise_item
    ),
    "step@1": RuleDraw(("target",), _step, _ratio_item),
    "band@1": RuleDraw((), _bands, _band_item),
    "deduct_count@1": RuleDraw(
        (), _deduct_count_1, lambda draw, params: _events(draw, params, counted=False)
    ),
    "inverse_ratio@1": RuleDraw(("plan",), _inverse_ratio, _inverse_ratio_item),
    "inverse_step@1": RuleDraw(("target",), _inverse_step, _inverse_step_item),
    "lateness@1": RuleDraw(("due", "node_level"), _lateness, _lateness_item),
    "proportional@2": RuleDraw(("target",), _proportional_2, _ratio_item),
    "baseline_dependent_cap@1": RuleDraw(("target", "baseline"), _baseline_cap, _baseline_item),
    "negative_target@1": RuleDraw(("target",), _negative_target, _negative_item),
    "stepped_start@1": RuleDraw((), _stepped_start, _stepped_item, full="40"),
    "binary@1": RuleDraw(("due",), _binary, _binary_item),
    "scale@1": RuleDraw((), _scale, _scale_item),
    "deduct_count@2": RuleDraw(
        (), _deduct_count_2, lambda draw, params: _events(draw, params, counted=True)
    ),
    "coefficient_lateness@1": RuleDraw(
        ("coefficient", "due", "closes"), _coefficient_lateness, _coefficient_item
    ),
}
"""Every item rule; a test holds this table to the registry of the engine."""
