"""Rulebooks and calendars of the golden corpus: one of each for a block of assessments."""

from typing import Any, Final, get_args

import msgspec

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.rulebook import CauseClass, RoundingMode, Rulebook
from support.corpus_clauses import RULES, Plain
from support.corpus_drawing import Draw

POLICY: Final = "1.1"
"""The clause under which all sections stand but those with one of their own."""
POINTS: Final = ("4.2", "4.10", "4.b")
VETO_CLAUSES: Final = ("7.1", "7.2", "7.3", "7.4")
UNIT_TYPES: Final = ("subsidiary", "centre", "Ops")
CATEGORIES: Final = ("result", "Process", "safety")
GRADES: Final = ("A", "B", "c", "D", "E")
_GRADE_EDGES: Final = (
    ("95", "85", "75", "60"),
    ("90", "80", "70", "60"),
    ("94.5", "85", "70", "0"),
)
SEVERITIES: Final = ("major", "Severe", "grave", "fatal")
MODES: Final = get_args(RoundingMode)


def rulebook(draw: Draw, block: int) -> Rulebook:
    """The rulebook of a block; the steps it takes, its parameters and its rounding are drawn."""
    scoring = [
        _scoring_clause(f"3.{place}", rule, draw) for place, rule in enumerate(RULES, start=1)
    ]
    texts = [_clause(name) for name in (POLICY, *POINTS, *VETO_CLAUSES)]
    steps = _steps(draw)
    document: Plain = {
        "rulebook": f"CORPUS-{block}",
        "version": 1,
        "title_zh": f"金标准语料第 {block} 组",
        "title_en": f"golden corpus, block {block}",
        "effective_from": "2026-01-01",
        "clauses": [*texts, *scoring],
        "order": {"clause": POLICY, "steps": steps},
        **_policies(draw),
        **_procedures(draw),
    }
    if "gate" in steps:
        document["gate"] = _gate(draw, scoring)
    if "coefficient" in steps:
        document["difficulty"] = {
            "clause": POLICY,
            "rule": "difficulty@1",
            "min": "0.8",
            "max": "1.25",
            "when_gated": draw.pick(("none", "applied")),
        }
    if "veto" in steps:
        document["veto"] = _veto(draw)
    return msgspec.convert(document, Rulebook)


def _clause(name: str, **rest: Any) -> Plain:
    words = {
        "title_zh": f"第 {name} 条",
        "title_en": f"Clause {name}",
        "zh": "依金标准语料",
        "en": "as drawn",
        "principle": "同样的输入，同样的得分。",
    }
    return {"clause": name, **words, **rest}


def _scoring_clause(name: str, rule: str, draw: Draw) -> Plain:
    drawn = RULES[rule]
    rest = {} if drawn.full is None else {"full": drawn.full}
    return _clause(
        name, rule=rule, params=drawn.clause(draw), item_params=drawn.item_params, **rest
    )


def _steps(draw: Draw) -> list[str]:
    on_items = [step for step in ("gate", "coefficient") if draw.chance(50)]
    middle = [step for step in ("satisfaction", "bonus_penalty") if draw.chance(85)]
    last = [step for step in ("veto", "clamp") if draw.chance(75)]
    status = ["status"] if draw.chance(50) else []
    return [
        "items",
        *draw.shuffled(on_items),
        *draw.shuffled(middle),
        *draw.shuffled(last),
        "round",
        "grade",
        *status,
    ]


def _policies(draw: Draw) -> Plain:
    places = {"item_score": draw.between(0, 4), "component": draw.between(1, 4), "total": 2}
    edges = draw.pick(_GRADE_EDGES)
    return {
        "scope": {"clause": POLICY, "unit_types": UNIT_TYPES, "letter_kinds": ["annual"]},
        "freeze_periods": [],
        "weights": {
            "clause": POLICY,
            "total": "100",
            "key_share_min": "40",
            "item_min": "2",
            "item_max": "60",
            "display_places": draw.between(0, 2),
        },
        "rounding": {
            "clause": POLICY,
            "points": [
                {"point": point, "places": count, "mode": draw.pick(MODES)}
                for point, count in places.items()
            ],
            "carry": draw.pick(("exact", "rounded")),
        },
        "satisfaction": {
            "clause": POLICY,
            "rule": "satisfaction_share@1",
            "scale_max": "10",
            "dimensions_max": 5,
            "factor": "10",
            "shares": [
                {"unit_type": name, "share": draw.pick(("0.1", "0.15", "0.3", "0"))}
                for name in UNIT_TYPES
            ],
            "raters_min": draw.between(1, 5),
            "trim_from": draw.between(5, 8),
            "trim_each_end": draw.between(0, 2),
            "self_rating": "excluded",
            "fallback": "redistribute",
        },
        "points": {
            "clause": POLICY,
            "bonus_max": draw.pick(("0", "3", "5")),
            "penalty_max": draw.pick(("5", "20")),
        },
        "total_range": {"clause": POLICY, "floor": "0", "cap": draw.pick(("100", "110", "120"))},
        "grades": {
            "clause": POLICY,
            "basis": draw.pick(("rounded", "exact")),
            "bands": _bands("grade", GRADES, edges),
        },
        "status": {
            "clause": POLICY,
            "basis": draw.pick(("rounded", "exact")),
            "bands": _bands("status", ("Sound", "attention", "Critical"), ("90", "70")),
        },
    }


def _bands(name: str, values: tuple[str, ...], edges: tuple[str, ...]) -> list[Plain]:
    return [
        {name: value, "lo": low, "hi": high, "zh": f"{value} 级", "en": f"band {value}"}
        for value, low, high in zip(values, (*edges, None), (None, *edges), strict=True)
    ]


def _gate(draw: Draw, scoring: list[Plain]) -> Plain:
    return {
        "clause": POLICY,
        "rule": "gate_base_only@1",
        "bases": [
            {
                "scored_by": row["clause"],
                "base": draw.pick(("10", "30", "60")),
                "trips": place == 0 or draw.chance(60),
            }
            for place, row in enumerate(draw.some(scoring, draw.between(1, 8)))
        ],
    }


def _veto(draw: Draw) -> Plain:
    effects: tuple[Plain, ...] = (
        {"effect": "zero_component", "category": "safety"},
        {"effect": "zero_component", "category": "Process"},
        {"effect": "cap_score", "score": "84.99"},
        {"effect": "cap_score", "score": "59.99"},
        {"effect": "cap_grade", "grade": "B"},
        {"effect": "cap_grade", "grade": "D"},
        {"effect": "no_bonus"},
        {"effect": "responsible_persons_lowest"},
    )
    return {
        "clause": POLICY,
        "rule": "veto@1",
        "clauses": [
            {
                "clause": clause,
                "category": "accident",
                "severity": severity,
                "effects": draw.some(effects, draw.between(1, 4)),
            }
            for clause, severity in zip(VETO_CLAUSES, SEVERITIES, strict=True)
        ],
    }


def _procedures(draw: Draw) -> Plain:
    return {
        "distribution": {
            "clause": POLICY,
            "rows": [
                {
                    "organisation_grade": grade,
                    "maxima": [
                        {"grades": ["A"], "share": draw.pick(("0.1", "0.15", "0.3"))},
                        {"grades": ["B", "c"], "share": "0.55"},
                    ],
                    "minima": [{"grades": ["D", "E"], "share": "0.05"}],
                }
                for grade in GRADES
            ],
            "maxima_rounding": draw.pick(("floor", "half_up")),
            "minima_rounding": draw.pick(("ceiling", "half_up")),
            "cumulative": draw.chance(50),
            "headcount_min": draw.between(5, 12),
            "months_min": 3,
        },
        "tiers": {
            "clause": POLICY,
            "tiers": [
                {"tier": tier, "zh": tier, "en": tier, "organisation": own, "individual": rest}
                for tier, own, rest in (("head", "1", "0"), ("Deputy", "0.7", "0.3"))
            ],
        },
        "adjustment": {
            "clause": POLICY,
            "request_days_before_due": draw.between(3, 15),
            "unit": draw.pick(("WD", "CD")),
            "late_request_causes": ["force_majeure"],
            "add_rule": "weights_rebase_add@1",
            "delete_rule": "weights_redistribute_delete@1",
            "redistribution": draw.pick(("all", "same_category")),
            "causes": _causes(),
            "free_changes_per_quarter": draw.below(2),
        },
        "force_majeure": {
            "clause": POLICY,
            "event_classes": [{"event_class": "flood", "zh": "洪水", "en": "flood"}],
            "notice_days": draw.between(1, 7),
            "proof_days": draw.between(8, 30),
            "unit": draw.pick(("WD", "CD")),
            "treatments": ["extend", "exclude", "retarget", "refuse"],
        },
        "appeal": {
            "clause": POLICY,
            "grounds": [{"ground": "data", "zh": "数据有误", "en": "wrong data"}],
            "unit": "WD",
            "file_days": draw.between(2, 10),
            "admissibility_days": 2,
            "decision_days": 10,
            "second_file_days": 3,
            "second_decision_days": 5,
        },
        "timetable": _timetable(draw),
        "group": {
            "clause": POLICY,
            "rule": "group_status@1",
            "operating_share": "0.7",
            "functional_share": "0.3",
            "operating_types": ["subsidiary"],
            "functional_types": ["centre", "Ops"],
            "caps": [
                {"vetoes_from": 2, "status": "attention"},
                {"vetoes_from": 9, "status": "Critical"},
            ],
        },
        "annual": {
            "clause": POLICY,
            "rule": "monthly_to_annual@1",
            "monthly_share": draw.pick(("0.4", "0.35")),
            "without_months": "annual_letter",
        },
        "unit_quota": {
            "clause": POLICY,
            "rule": "unit_grade_quota@1",
            "tie_rule": "tie_break@1",
            "maxima": [
                {"grades": ["A"], "share": "0.2"},
                {"grades": ["B", "c"], "share": "0.5"},
            ],
            "rounding": draw.pick(("floor", "half_up", "ceiling")),
            "tie_breaks": ["fewer_vetoes", "fewer_warnings", "higher_key_subtotal", "unit_code"],
        },
        "warnings": _warnings(draw),
        "late_facts": {"clause": POLICY, "materiality": draw.pick(("0.01", "0.5", "1"))},
    }


def _causes() -> list[Plain]:
    effects = {
        "self": ("penalty", "1"),
        "other_department": ("causing_unit", "0.5"),
        "group_imposed": ("none", "0"),
        "external": ("zero_weight", "0"),
        "force_majeure": ("none", "0"),
    }
    return [
        {
            "cause_class": cause,
            "effect": effects[cause][0],
            "points": effects[cause][1],
            "zh": cause,
            "en": cause,
        }
        for cause in get_args(CauseClass)
    ]


def _timetable(draw: Draw) -> list[Plain]:
    anchors = ("year_start", "year_end", "month_start", "month_end", "fixed_day", "publication")
    return [
        {
            "clause": POLICY,
            "duty": f"duty-{place}",
            "cycle": "monthly",
            "zh": f"事项 {place}",
            "en": f"duty {place}",
            "actor": "ops",
            "anchor": anchor,
            "on": {"day": draw.between(1, 31)} if anchor == "fixed_day" else None,
            "offset": draw.between(-10, 20),
            "unit": draw.pick(("WD", "CD")),
            "roll": draw.pick(("none", "next", "previous")),
        }
        for place, anchor in enumerate(anchors)
    ]


def _warnings(draw: Draw) -> Plain:
    first = draw.between(1, 5)
    return {
        "clause": POLICY,
        "rule": "warning_level@1",
        "gap_rule": "forecast_gap@1",
        "remind_days": draw.between(0, 10),
        "nodes": [
            {
                "node_level": level,
                "late": [
                    {"days_from": first, "level": "yellow"},
                    {"days_from": first + 5, "level": "orange"},
                    {"days_from": first + 15, "level": "red"},
                ],
                "forecast": {
                    "level": "blue",
                    "forecast_days_late": draw.between(1, 5),
                    "days_before_due": 15,
                    "gap_points": draw.pick(("5", "12.5")),
                },
            }
            for level in ("1", None)
        ],
        "duties": [{"level": "red", "zh": "专题报告", "en": "report", "working_days": 3}],
    }


def calendar(draw: Draw, block: int) -> Calendar:
    """The working days of the year and its neighbours, with holidays and make-up days drawn."""
    holidays = [
        {
            "from": f"2026-{month:02}-{day:02}",
            "to": f"2026-{month:02}-{day + draw.below(4):02}",
            "zh": "节日",
            "en": "holiday",
        }
        for month in range(1, 13)
        if draw.chance(60)
        for day in (draw.between(1, 24),)
    ]
    return msgspec.convert(
        {
            "calendar": f"CORPUS-{block}",
            "version": 1,
            "title_zh": "语料日历",
            "title_en": "calendar of the corpus",
            "years": [2025, 2026, 2027],
            "weekend": draw.pick(((6, 7), (7,), (5, 6))),
            "holidays": holidays,
            "makeup_days": [],
        },
        Calendar,
    )
