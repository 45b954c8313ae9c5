"""What makes a rulebook fit to be scored by."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Duty, Rulebook
from opsledger_contracts.documents.section import GradeShare
from opsledger_contracts.rules.rulebook_validation import validate_rulebook
from support.released import Released
from support.scoring_examples import rulebook, vectors

RULEBOOK = rulebook()
Change = Callable[[dict[str, Any]], object]


def _changed(change: Change) -> Rulebook:
    document = msgspec.to_builtins(RULEBOOK)
    document = msgspec.json.decode(msgspec.json.encode(document))
    change(document)
    return msgspec.convert(document, Rulebook)


def _clause(document: dict[str, Any], number: str) -> dict[str, Any]:
    return next(row for row in document["clauses"] if row["clause"] == number)


def _bands(*edges: tuple[str | None, str | None]) -> Change:
    rows = [{"lo": lo, "hi": hi, "score": "1"} for lo, hi in edges]
    return lambda document: _clause(document, "3.4")["params"].update(bands=rows)


def _set(*path: str | int, value: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


CASES: list[tuple[str, Change, str, str, str]] = [
    (
        "a clause twice",
        lambda document: document["clauses"].append(document["clauses"][0]),
        "clause_repeated",
        "clauses[23]",
        "1.1",
    ),
    (
        "a blank text",
        _set("clauses", 0, "zh", value=" "),
        "clause_text_blank",
        "clauses[0].zh",
        "1.1",
    ),
    (
        "parameters without a rule",
        _set("clauses", 0, "params", value={"cap": "1"}),
        "params_without_rule",
        "clauses[0].params",
        "1.1",
    ),
    (
        "item parameters without a rule",
        _set("clauses", 0, "item_params", value=["due"]),
        "params_without_rule",
        "clauses[0].params",
        "1.1",
    ),
    (
        "an unknown rule",
        lambda document: _clause(document, "3.1").update(rule="proportional@9"),
        "unknown_primitive",
        "clauses[5].rule",
        "3.1",
    ),
    (
        "a parameter nobody declared",
        lambda document: _clause(document, "3.1")["params"].update(colour="red"),
        "parameter_undeclared",
        "clauses[5].params.colour",
        "3.1",
    ),
    (
        "a parameter nobody gives",
        lambda document: _clause(document, "3.1")["params"].pop("cap"),
        "parameter_source",
        "clauses[5].params.cap",
        "3.1",
    ),
    (
        "a parameter both give",
        lambda document: _clause(document, "3.1")["item_params"].append("cap"),
        "parameter_source",
        "clauses[5].params.cap",
        "3.1",
    ),
    (
        "a parameter of the wrong shape",
        lambda document: _clause(document, "3.1")["params"].update(cap="1,20"),
        "parameter_shape",
        "clauses[5].params.cap",
        "3.1",
    ),
    ("a gap", _bands(("90", None), (None, "80")), "band_gap", "clauses[8].params.bands[1]", "3.4"),
    (
        "an overlap",
        _bands(("80", None), (None, "90")),
        "band_overlap",
        "clauses[8].params.bands[1]",
        "3.4",
    ),
    (
        "a bounded top",
        _bands(("80", "99"), (None, "80")),
        "band_top",
        "clauses[8].params.bands[0]",
        "3.4",
    ),
    (
        "an open band below the top",
        _bands(("80", None), (None, None)),
        "band_top",
        "clauses[8].params.bands[1]",
        "3.4",
    ),
    ("a bounded bottom", _bands(("80", None)), "band_bottom", "clauses[8].params.bands", "3.4"),
    (
        "an empty band",
        _bands(("80", None), ("80", "80"), (None, "80")),
        "band_empty",
        "clauses[8].params.bands[1]",
        "3.4",
    ),
    (
        "a band below the unbounded one",
        _bands((None, None), ("70", "80")),
        "band_overlap",
        "clauses[8].params.bands[1]",
        "3.4",
    ),
    (
        "undeclared names from both sides",
        lambda document: _clause(document, "3.1").update(
            params={**_clause(document, "3.1")["params"], "zeta": "1", "alpha": "1"},
            item_params=[*_clause(document, "3.1")["item_params"], "plan"],
        ),
        "parameter_undeclared",
        "clauses[5].params.plan",
        "3.1",
    ),
    (
        "bands of the wrong shape",
        lambda document: _clause(document, "3.4")["params"].update(bands=[]),
        "parameter_shape",
        "clauses[8].params.bands",
        "3.4",
    ),
    (
        "a gap in a scale",
        lambda document: _clause(document, "3.4").update(
            rule="scale@1",
            params={
                **vectors("SR-09")["params"],
                "grades": vectors("SR-09")["params"]["grades"][:1]
                + vectors("SR-09")["params"]["grades"][2:],
            },
            item_params=[],
        ),
        "band_gap",
        "clauses[8].params.grades[1]",
        "3.4",
    ),
    (
        "a grade twice",
        _set("grades", "bands", 1, "grade", value="A"),
        "repeated",
        "grades.bands[1]",
        "5.1",
    ),
    (
        "a class of events twice",
        lambda document: document["force_majeure"]["event_classes"].append(
            document["force_majeure"]["event_classes"][0]
        ),
        "repeated",
        "force_majeure.event_classes[5]",
        "6.2",
    ),
    (
        "a quota above one",
        _set("distribution", "rows", 0, "maxima", 0, "share", value="1.1"),
        "range",
        "distribution.rows[0].maxima",
        "5.2",
    ),
    (
        "a section under no clause",
        _set("weights", "clause", value="2.9"),
        "unknown_clause",
        "weights.clause",
        "2.9",
    ),
    (
        "a duty under no clause",
        _set("timetable", 3, "clause", value="8.9"),
        "unknown_clause",
        "timetable[3].clause",
        "8.9",
    ),
    (
        "a freeze period under no clause",
        _set("freeze_periods", 0, "clause", value="1.9"),
        "unknown_clause",
        "freeze_periods[0].clause",
        "1.9",
    ),
    (
        "an unknown satisfaction rule",
        _set("satisfaction", "rule", value="satisfaction_share@9"),
        "unknown_primitive",
        "satisfaction.rule",
        "4.1",
    ),
    (
        "an unknown rule for added items",
        _set("adjustment", "add_rule", value="weights_rebase_add@9"),
        "unknown_primitive",
        "adjustment.add_rule",
        "6.1",
    ),
    (
        "an unknown rule for deleted items",
        _set("adjustment", "delete_rule", value="weights_redistribute_delete@9"),
        "unknown_primitive",
        "adjustment.delete_rule",
        "6.1",
    ),
    ("item weights crossed", _set("weights", "item_min", value="31"), "range", "weights", "2.1"),
    (
        "more key items than letter",
        _set("weights", "key_share_min", value="101"),
        "range",
        "weights",
        "2.1",
    ),
    (
        "a negative bonus",
        _set("points", "bonus_max", value="-1"),
        "range",
        "points.bonus_max",
        "4.2",
    ),
    (
        "a negative penalty",
        _set("points", "penalty_max", value="-1"),
        "range",
        "points.penalty_max",
        "4.2",
    ),
    (
        "a floor above the cap",
        _set("total_range", "cap", value="-1"),
        "range",
        "total_range",
        "4.3",
    ),
    (
        "a freeze period reversed",
        _set("freeze_periods", 0, "to", value="2026-01-01"),
        "freeze_reversed",
        "freeze_periods[0]",
        "1.2",
    ),
    (
        "a rounding point missing",
        lambda document: document["rounding"]["points"].pop(),
        "rounding_point",
        "rounding.points",
        "1.3",
    ),
    (
        "grade before round",
        _set("order", "steps", value=["items", "grade", "round"]),
        "order_of_operations",
        "order.steps",
        "1.4",
    ),
    (
        "a share above one",
        _set("satisfaction", "shares", 0, "share", value="1.1"),
        "range",
        "satisfaction.shares[0]",
        "4.1",
    ),
    (
        "a type of unit without share",
        lambda document: document["satisfaction"]["shares"].pop(),
        "unit_types",
        "satisfaction.shares",
        "4.1",
    ),
    (
        "nothing left after trimming",
        _set("satisfaction", "trim_from", value=2),
        "trim",
        "satisfaction.trim_from",
        "4.1",
    ),
    (
        "nothing left after trimming two",
        lambda document: document["satisfaction"].update(trim_from=4, trim_each_end=2),
        "trim",
        "satisfaction.trim_from",
        "4.1",
    ),
    (
        "a gap between grades",
        _set("grades", "bands", 0, "lo", value="96"),
        "band_gap",
        "grades.bands[1]",
        "5.1",
    ),
    (
        "a grade without quotas",
        lambda document: document["distribution"]["rows"].pop(),
        "distribution_rows",
        "distribution.rows",
        "5.2",
    ),
    (
        "a tier that does not total one",
        _set("tiers", "tiers", 1, "individual", value="0.20"),
        "tier_weights",
        "tiers.tiers[1]",
        "5.3",
    ),
    (
        "a tier twice",
        lambda document: document["tiers"]["tiers"].append(document["tiers"]["tiers"][0]),
        "repeated",
        "tiers.tiers[4]",
        "5.3",
    ),
    (
        "a cause without a row",
        lambda document: document["adjustment"]["causes"].pop(),
        "causes",
        "adjustment.causes",
        "6.1",
    ),
    (
        "a treatment twice",
        lambda document: document["force_majeure"]["treatments"].append("extend"),
        "repeated",
        "force_majeure.treatments[4]",
        "6.2",
    ),
    (
        "a ground twice",
        lambda document: document["appeal"]["grounds"].append(document["appeal"]["grounds"][0]),
        "repeated",
        "appeal.grounds[5]",
        "7.1",
    ),
    (
        "a duty twice",
        lambda document: document["timetable"].append(document["timetable"][0]),
        "repeated",
        "timetable[27]",
        "8.1",
    ),
    (
        "a fixed day without a day",
        _set("timetable", 0, "on", value=None),
        "duty_anchor",
        "timetable[0].on",
        "8.1",
    ),
]


def test_the_example_rulebook_has_no_defect() -> None:
    """RB-2026.1 may be published (R125)."""
    assert validate_rulebook(RULEBOOK) == ()


@pytest.mark.parametrize(
    ("change", "code", "path", "clause"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_each_defect_is_found_with_clause_and_path(
    change: Change, code: str, path: str, clause: str, released: Released
) -> None:
    """A defect is named by code, path and clause, in both languages (R090)."""
    findings = validate_rulebook(_changed(change))
    found = [finding for finding in findings if (finding.code, finding.path) == (code, path)]
    assert len(found) == 1, findings
    assert found[0].clause == clause
    released(findings)


def test_undeclared_parameters_are_found_in_the_order_of_their_names() -> None:
    """Nine names, given from the last to the first, are found from the first to the last."""
    names = [f"own_{letter}" for letter in "ihgfedcba"]

    def change(document: dict[str, Any]) -> None:
        _clause(document, "3.1")["params"].update(dict.fromkeys(names, "1"))

    findings = validate_rulebook(_changed(change))
    found = [row.path for row in findings if row.code == "parameter_undeclared"]
    assert found == [f"clauses[5].params.{name}" for name in sorted(names)]


def test_a_total_of_zero_weighs_nothing(released: Released) -> None:
    """Weights cannot be shares of nothing."""
    weights = msgspec.structs.replace(
        RULEBOOK.weights, total="0", key_share_min="0", item_min="0", item_max="0"
    )
    findings = validate_rulebook(msgspec.structs.replace(RULEBOOK, weights=weights))
    assert [(finding.code, finding.path) for finding in findings] == [("range", "weights.total")]
    released(findings)


def _renamed(document: dict[str, Any]) -> None:
    for rows, name in (
        (document["grades"]["bands"], "grade"),
        (document["distribution"]["rows"], "organisation_grade"),
    ):
        for row in rows:
            if row[name] == "A":
                row[name] = "S"


@pytest.mark.parametrize(
    "change",
    [
        _set(
            "freeze_periods", 0, "to", value=msgspec.to_builtins(RULEBOOK.freeze_periods[0].from_)
        ),
        _set("satisfaction", "trim_from", value=3),
        _set("satisfaction", "trim_each_end", value=2),
        lambda document: document["distribution"]["rows"].reverse(),
        _renamed,
        _set("distribution", "rows", 0, "maxima", value=[{"grades": ["A"], "share": "1"}]),
    ],
    ids=[
        "frozen for one day",
        "one of three is left",
        "one of five is left",
        "rows in another order",
        "grades of other names",
        "a quota of everybody",
    ],
)
def test_what_is_just_possible_is_no_defect(change: Change) -> None:
    """Limits include their ends, and neither order nor names decide."""
    assert validate_rulebook(_changed(change)) == ()


@pytest.mark.parametrize("part", ["maxima", "minima"])
def test_quotas_above_everybody_are_found(part: str, released: Released) -> None:
    """Shares of one row may not total more than all persons, nor one of them exceed one."""
    row = RULEBOOK.distribution.rows[0]
    shares = (GradeShare(grades=("A",), share="0.6"), GradeShare(grades=("B",), share="0.5"))
    rows = (msgspec.structs.replace(row, **{part: shares}), *RULEBOOK.distribution.rows[1:])
    policy = msgspec.structs.replace(RULEBOOK.distribution, rows=rows)
    findings = validate_rulebook(msgspec.structs.replace(RULEBOOK, distribution=policy))
    assert [(finding.code, finding.path) for finding in findings] == [
        ("quota_total", f"distribution.rows[0].{part}")
    ]
    released(findings)


def test_a_day_without_fixed_day_anchor_is_found(released: Released) -> None:
    """A duty anchored in an event has no fixed day."""
    row: Duty = RULEBOOK.timetable[0]
    timetable = (msgspec.structs.replace(row, anchor="publication"),)
    findings = validate_rulebook(msgspec.structs.replace(RULEBOOK, timetable=timetable))
    assert [finding.code for finding in findings] == ["duty_anchor"]
    released(findings)
    assert row.on is not None
    assert date(2025, row.on.month or 1, row.on.day) == date(2025, 10, 31)
