"""What makes the optional sections of a rulebook fit to be scored by."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.rules.rulebook_validation import validate_rulebook
from support.released import Released
from support.scoring_examples import rulebook

RULEBOOK = rulebook("RB-2026.2")
Change = Callable[[dict[str, Any]], object]
GATE = {
    "clause": "3.1",
    "rule": "gate_base_only@1",
    "bases": [{"scored_by": "3.1", "base": "80", "trips": True}],
}
DIFFICULTY = {
    "clause": "3.1",
    "rule": "difficulty@1",
    "min": "0.95",
    "max": "1.10",
    "when_gated": "none",
}


def _changed(*changes: Change) -> Rulebook:
    document = msgspec.json.decode(msgspec.json.encode(RULEBOOK))
    for change in changes:
        change(document)
    return msgspec.convert(document, Rulebook)


def _set(*path: str | int, value: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def _without(section: str) -> Change:
    return lambda document: document.pop(section)


def _gated(**changes: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["gate"] = GATE | changes
        document["order"]["steps"].insert(1, "gate")

    return change


def _difficult(**changes: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["difficulty"] = DIFFICULTY | changes
        document["order"]["steps"].insert(1, "coefficient")

    return change


def _full(clause: int, full: str) -> Change:
    return _set("clauses", clause, "full", value=full)


def _base(scored_by: str, *, trips: bool = True) -> dict[str, Any]:
    return {"scored_by": scored_by, "base": "80", "trips": trips}


def _veto_row(**changes: Any) -> Change:
    return lambda document: document["veto"]["clauses"][0].update(changes)


def _maximum(*grades: str, share: str = "0.20") -> Change:
    rows = [{"grades": list(grades), "share": share}]
    return _set("unit_quota", "maxima", value=rows)


def _cap(vetoes: int, status: str) -> dict[str, Any]:
    return {"vetoes_from": vetoes, "status": status}


CASES: list[tuple[str, Change, str, str]] = [
    ("gate rule", _gated(rule="gate@9"), "unknown_primitive", "gate.rule"),
    ("veto rule", _set("veto", "rule", value="veto@9"), "unknown_primitive", "veto.rule"),
    (
        "tie rule",
        _set("unit_quota", "tie_rule", value="x@1"),
        "unknown_primitive",
        "unit_quota.tie_rule",
    ),
    (
        "gap rule",
        _set("warnings", "gap_rule", value="x@1"),
        "unknown_primitive",
        "warnings.gap_rule",
    ),
    ("group rule", _set("group", "rule", value="x@1"), "unknown_primitive", "group.rule"),
    ("annual rule", _set("annual", "rule", value="x@1"), "unknown_primitive", "annual.rule"),
    ("difficulty rule", _difficult(rule="x@1"), "unknown_primitive", "difficulty.rule"),
    ("no veto section", _without("veto"), "step_without_section", "order.steps"),
    (
        "no veto step",
        lambda d: d["order"]["steps"].remove("veto"),
        "section_without_step",
        "order.steps",
    ),
    ("full marks zero", _full(5, "0"), "full_marks", "clauses[5].full"),
    ("full marks without rule", _full(0, "10"), "full_marks", "clauses[0].full"),
    ("gate of no clause", _gated(bases=[_base("9.9")]), "unknown_clause", "gate.bases"),
    ("gate of no scoring clause", _gated(bases=[_base("1.1")]), "unknown_clause", "gate.bases"),
    ("gate twice", _gated(bases=[_base("3.1"), _base("3.1")]), "repeated", "gate.bases[1]"),
    (
        "gate never closes",
        _gated(bases=[_base("3.1", trips=False)]),
        "gate_never_closes",
        "gate.bases",
    ),
    ("gate under no clause", _gated(clause="9.9"), "unknown_clause", "gate.clause"),
    ("coefficients descend", _difficult(min="1.2"), "range", "difficulty"),
    ("coefficient below zero", _difficult(min="-1"), "range", "difficulty"),
    ("veto under no clause", _veto_row(clause="9.9"), "unknown_clause", "veto.clauses[0].clause"),
    (
        "veto of no grade",
        _veto_row(effects=[{"effect": "cap_grade", "grade": "S"}]),
        "unknown_grade",
        "veto.clauses[0].effects",
    ),
    (
        "veto twice",
        lambda d: d["veto"]["clauses"].append(d["veto"]["clauses"][0]),
        "repeated",
        "veto.clauses[4]",
    ),
    (
        "a gap in the status bands",
        _set("status", "bands", 1, "hi", value="94"),
        "band_gap",
        "status.bands[1]",
    ),
    (
        "a status twice",
        _set("status", "bands", 1, "status", value="excellent"),
        "repeated",
        "status.bands[1]",
    ),
    ("shares of 1.1", _set("group", "operating_share", value="0.8"), "group_shares", "group"),
    (
        "a type on both sides",
        _set("group", "functional_types", value=["subsidiary"]),
        "repeated",
        "group.types[1]",
    ),
    (
        "a cap without band",
        _set("group", "caps", value=[_cap(1, "gloomy")]),
        "unknown_status",
        "group.caps",
    ),
    (
        "more vetoes, better status",
        _set("group", "caps", value=[_cap(1, "watch"), _cap(2, "normal")]),
        "group_caps",
        "group.caps",
    ),
    (
        "caps out of order",
        _set("group", "caps", value=[_cap(2, "normal"), _cap(1, "watch")]),
        "group_caps",
        "group.caps",
    ),
    (
        "as many vetoes twice",
        _set("group", "caps", value=[_cap(1, "normal"), _cap(1, "watch")]),
        "group_caps",
        "group.caps",
    ),
    (
        "a share below 0",
        _set("group", "operating_share", value="-0.3"),
        "group_shares",
        "group",
    ),
    (
        "a share below 0 beside its rest",
        lambda d: d["group"].update(operating_share="1.3", functional_share="-0.3"),
        "group_shares",
        "group",
    ),
    (
        "a share above 1",
        _set("annual", "monthly_share", value="1.1"),
        "range",
        "annual.monthly_share",
    ),
    ("quota of no grade", _maximum("S"), "unknown_grade", "unit_quota.maxima"),
    ("quota twice", _maximum("A", "A"), "repeated", "unit_quota.maxima[1]"),
    ("quota above 1", _maximum("A", share="1.2"), "range", "unit_quota.maxima"),
    ("quota of the lowest", _maximum("E"), "quota_of_lowest", "unit_quota.maxima"),
    (
        "tie-break twice",
        _set("unit_quota", "tie_breaks", value=["fewer_vetoes", "fewer_vetoes", "unit_code"]),
        "repeated",
        "unit_quota.tie_breaks[1]",
    ),
    (
        "a tie left",
        _set("unit_quota", "tie_breaks", value=["fewer_vetoes"]),
        "tie_left",
        "unit_quota.tie_breaks",
    ),
    (
        "a node level twice",
        _set("warnings", "nodes", 1, "node_level", value="1"),
        "repeated",
        "warnings.nodes[1]",
    ),
    (
        "days descend",
        _set("warnings", "nodes", 1, "late", 1, "days_from", value=1),
        "warning_days",
        "warnings.nodes[1].late",
    ),
    (
        "a small unit's grade without row",
        _set(
            "distribution",
            "small_units",
            value=[{"organisation_grade": "A", "maxima": [], "minima": []}],
        ),
        "distribution_rows",
        "distribution.small_units",
    ),
    (
        "materiality zero",
        _set("late_facts", "materiality", value="0"),
        "materiality",
        "late_facts.materiality",
    ),
]


@pytest.mark.parametrize(
    ("change", "code", "path"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_a_defect_is_found_at_its_place(
    change: Change, code: str, path: str, released: Released
) -> None:
    """Each defect gives exactly one finding, with its code and path, in both languages."""
    findings = validate_rulebook(_changed(change))
    assert [(row.code, row.path) for row in findings] == [(code, path)]
    released(findings)


def test_a_group_needs_status_bands(released: Released) -> None:
    """The status of the group is decided by the bands of the rulebook."""
    steps = _set("order", "steps", value=["items", "veto", "round", "grade"])
    findings = validate_rulebook(_changed(_without("status"), steps))
    assert [(row.code, row.path) for row in findings] == [("status_missing", "status")]
    released(findings)


def test_a_status_may_be_for_the_group_alone() -> None:
    """Units need not have a status of their own."""
    steps = _set("order", "steps", value=["items", "veto", "round", "grade"])
    assert validate_rulebook(_changed(steps)) == ()


def test_all_sections_together_are_valid() -> None:
    """Gate, coefficient, full marks and absolute numbers of small units fit a rulebook."""
    rows = [
        {
            "organisation_grade": grade,
            "maxima": [{"grades": ["A"], "persons": 1}],
            "minima": [],
        }
        for grade in "ABCDE"
    ]
    small = _set("distribution", "small_units", value=rows)
    document = _changed(_difficult(), _gated(), _full(5, "100"), small)
    assert validate_rulebook(document) == ()


def _small(*grades: str) -> Change:
    rows = [{"organisation_grade": grade, "maxima": [], "minima": []} for grade in grades]
    return _set("distribution", "small_units", value=rows)


def _called(best: str) -> Change:
    """Give the best grade another name wherever the rulebook uses it."""

    def change(document: dict[str, Any]) -> None:
        document["grades"]["bands"][0]["grade"] = best
        rows = document["distribution"]["rows"]
        for row in rows:
            if row["organisation_grade"] == "A":
                row["organisation_grade"] = best
        document["unit_quota"]["maxima"] = [{"grades": [best], "share": "0.2"}]

    return change


@pytest.mark.parametrize(
    "changes",
    [
        (_gated(bases=[_base("3.1"), _base("3.2", trips=False)]),),
        (lambda d: d["group"].update(operating_share="1", functional_share="0"),),
        (_set("group", "caps", value=[_cap(1, "normal"), _cap(2, "normal")]),),
        (_small("E", "D", "C", "B", "A"),),
        (_called("S"), _small("S", "B", "C", "D", "E")),
    ],
    ids=[
        "one of two closes the gate",
        "one side counts alone",
        "two vetoes are no worse than one",
        "small units in another order",
        "grades of other names",
    ],
)
def test_what_is_just_possible_is_no_defect(changes: tuple[Change, ...]) -> None:
    """Limits include their ends, and neither order nor names decide."""
    assert validate_rulebook(_changed(*changes)) == ()
