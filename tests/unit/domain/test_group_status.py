"""The operating status of the group, from published scores and approved weights (R129, SR-13)."""

from datetime import date
from functools import cache
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.assessment import (
    AssessmentOpened,
    InputsFrozen,
    ScoreCalculated,
    ScorePublished,
)
from opsledger_contracts.events.group_status import (
    GroupStatusCalculated,
    GroupStatusFlagged,
    UnitStanding,
)
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import AlreadyExists, UnknownReference
from opsledger_contracts.problems.group_status import (
    GroupStatusCurrent,
    UnitNotCounted,
    UnitNotScored,
    UnitNotWeighted,
    UnitWeightNotPositive,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.inputs import AppliedVeto
from opsledger_ledger.domain.assessment_publishing import PublishScore
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.group_status import (
    CalculateGroupStatus,
    GroupStatusState,
    RecalculateGroupStatus,
    UnitWeight,
)
from support import scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.scoring import SCORER, A, at
from support.successors import succeeded

STRICT = scoring_examples.rulebook("RB-2026.2")
GROUP = "GS-2026"
WHEN = at("2027-03-01")
TOTALS = {"U1": "96.26", "U2": "88.40", "U3": "79.15", "F1": "91.20", "F2": "93.55"}
WEIGHTS = {"U1": "35", "U2": "25", "U3": "10", "F1": "10", "F2": "20"}
VETO = AppliedVeto(incident="IN-1", clause="4.4", effects=())


def scored(
    stage: Stage,
    unit: str,
    total: str,
    *,
    version: int = 1,
    period: str = "2026",
    level: Any = "organisation",
    publish: bool = True,
    **calculated: Any,
) -> Stage:
    """Record a score of a unit; what else the run has is told by `calculated`."""
    assessment = f"A-{unit}"
    shared = scoring.shared("published").events(f"assessment/{A}")
    frozen = next(event for event in shared if isinstance(event, InputsFrozen))
    run = next(event for event in shared if isinstance(event, ScoreCalculated))
    if version == 1:
        opened = AssessmentOpened(
            assessment=assessment,
            subject=unit,
            level=level,
            letter=f"L-{unit}",
            letter_revision=1,
            period=period,
            rulebook=digest(STRICT),
            calendar="0" * 64,
        )
        stage.given(f"assessment/{assessment}", opened, frozen)
    changed = msgspec.structs.replace(run, run=version, total=total, **calculated)
    stage.given(f"assessment/{assessment}", changed)
    if publish:
        published = ScorePublished(
            score_version=version,
            run=version,
            total=total,
            grade="B",
            published_on=date(2027, 1, 28),
            appeal_until=date(2027, 2, 4),
            calendar="0" * 64,
        )
        stage.given(f"assessment/{assessment}", published)
    return stage


def group(rulebook: Rulebook = STRICT) -> Stage:
    """Three subsidiaries and two centres, each with its published score."""
    stage = scoring.equipped(rulebook)
    for unit, total in TOTALS.items():
        kind: Any = "subsidiary" if unit.startswith("U") else "centre"
        stage.given(
            f"unit/{unit}",
            OrgUnitRegistered(unit=unit, type=kind, name=unit, valid_from=date(2025, 1, 1)),
        )
        scored(stage, unit, total)
    return stage


def asked(*more: tuple[str, str], period: str = "2026", **weights: str) -> CalculateGroupStatus:
    """Ask for the status on the weights of the worked example, some replaced, and `more`."""
    rows = (*(WEIGHTS | weights).items(), *more)
    return CalculateGroupStatus(
        period=period,
        basis="2026年度经营计划",
        weights=tuple(UnitWeight(unit=unit, weight=weight) for unit, weight in rows),
    )


def calculated(stage: Stage, command: Any = None) -> GroupStatusCalculated:
    """Compute the status."""
    [event] = stage.do(command or asked(), GROUP, at=WHEN, **SCORER)
    assert isinstance(event, GroupStatusCalculated)
    return event


def test_the_worked_example_comes_out_to_the_digit() -> None:
    """R129, SR-13: 0.7 x operating units + 0.3 x centres = 91.5360 → 91.54, good."""
    found = calculated(group())
    assert (found.total, found.total_exact) == ("91.54", "11442/125")
    assert (found.status_by_bands, found.operating_status, found.vetoes) == ("good", "good", 0)
    assert [(row.unit, row.weight, row.score_version) for row in found.units] == [
        (unit, weight, 1) for unit, weight in WEIGHTS.items()
    ]
    assert found.rulebook == digest(STRICT)


def test_a_veto_in_the_group_caps_its_status_while_it_is_in_force() -> None:
    """R129, SR-13: one veto allows at most normal, two at most watch; lifted, the cap is gone."""
    stage = group()
    calculated(stage)
    scored(stage, "U1", "96.26", version=2, vetoes=(VETO,))
    first = calculated(stage, RecalculateGroupStatus())
    scored(stage, "F1", "91.20", version=2, vetoes=(VETO,))
    second = calculated(stage, RecalculateGroupStatus())
    scored(stage, "U1", "96.26", version=3)
    scored(stage, "F1", "91.20", version=3)
    third = calculated(stage, RecalculateGroupStatus())
    assert [(row.status_by_bands, row.operating_status) for row in (first, second, third)] == [
        ("good", "normal"),
        ("good", "watch"),
        ("good", "good"),
    ]
    assert [row.units[0].vetoes for row in (first, second, third)] == [1, 1, 0]


def test_totals_are_carried_as_the_rulebook_says() -> None:
    """SR-24: rounded totals unless the rulebook carries exact ones."""
    rounding = msgspec.structs.replace(STRICT.rounding, carry="exact")
    stage = group(msgspec.structs.replace(STRICT, rounding=rounding))
    assert {row.total for row in calculated(stage).units} == {
        scoring.state(scoring.shared("published")).runs[-1].scored.total_exact
    }


def test_only_published_scores_of_organisations_in_the_period_count() -> None:
    """R129: a run, a team and another year do not make a unit part of the group's status."""
    stage = group()
    for unit, terms in (
        ("BJ", {"publish": False}),
        ("LG", {"period": "2025"}),
        ("HX", {}),
    ):
        scored(stage, unit, "50", **terms)
    scored(stage, "OPS", "50", level="team")
    assert calculated(stage).total == "91.54"


@cache
def standing() -> Stage:
    """The status is calculated."""
    stage = group()
    calculated(stage)
    return stage


def recast(**changes: Any) -> Stage:
    """The status is calculated; then rules with another section of the group come into force."""
    stage = group()
    calculated(stage)
    document = msgspec.structs.replace(STRICT, **changes)
    succeeded(stage, STRICT.name, document, 3, date(2026, 12, 1))
    return stage


def joined() -> Stage:
    """The status is calculated; then one more subsidiary is scored."""
    stage = group()
    calculated(stage)
    return scored(stage, "BJ", "90")


def row(id: str, stage: Stage, command: Command, refusal: type[Refusal]) -> Refused:  # noqa: A002
    """Write a row; the scorer asks in March."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target="GS-OTHER" if isinstance(command, CalculateGroupStatus) else GROUP,
        refusal=refusal,
        act={"at": WHEN} | SCORER,
    )


PLAIN = group()
AGAIN = RecalculateGroupStatus()
POLICY = STRICT.group
assert POLICY is not msgspec.UNSET
NO_CENTRES = msgspec.structs.replace(POLICY, functional_types=("department",))
REFUSED = (
    row("once per period", standing(), asked(), AlreadyExists),
    row("two weights", PLAIN, asked(("U1", "2")), AlreadyExists),
    row("weight 0", PLAIN, asked(U1="0"), UnitWeightNotPositive),
    row("no such unit", PLAIN, asked(NO="1"), UnknownReference),
    row("another type", PLAIN, asked(HX="1"), UnitNotCounted),
    row("not scored", PLAIN, asked(LG="1"), UnitNotScored),
    row("left out", scored(group(), "BJ", "90"), asked(), UnitNotWeighted),
    row("no rules", PLAIN, asked(period="2019"), NoneInForce),
    row("no status", group(scoring_examples.rulebook()), asked(), RuleInapplicable),
    row("nothing new", standing(), AGAIN, GroupStatusCurrent),
    row("one more unit", joined(), AGAIN, UnitNotWeighted),
    row("centres not counted", recast(group=NO_CENTRES), AGAIN, UnitNotCounted),
    row("rules without a group", recast(group=msgspec.UNSET), AGAIN, RuleInapplicable),
)


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_refusals(row: Refused) -> None:
    """R129, SR-13: nobody is counted twice, left out, or counted without a published score."""
    row.check()


def test_every_declared_refusal_is_tested() -> None:
    """The table covers exactly what the commands declare."""
    assert undeclared_and_untested("group_status", REFUSED) == (set(), set())


def test_a_superseded_score_flags_the_status_that_counts_it() -> None:
    """R160: the status on version 1 is flagged; one on another version or assessment is not."""
    stage = scoring.rescored()
    counted = UnitStanding(
        unit="BJ",
        unit_type="subsidiary",
        weight="1",
        assessment=A,
        score_version=1,
        total="94.37",
        vetoes=0,
    )
    for name, period, row in (
        ("GS-1", "2026", counted),
        ("GS-2", "2025", msgspec.structs.replace(counted, score_version=2)),
        ("GS-3", "2024", msgspec.structs.replace(counted, assessment="A-OTHER")),
    ):
        calculated = GroupStatusCalculated(
            group_status=name,
            period=period,
            basis="2026年度经营计划",
            units=(row,),
            total_exact="94.37",
            total="94.37",
            status_by_bands="good",
            operating_status="good",
            vetoes=0,
            rulebook="0" * 64,
            tree_digest="0" * 64,
        )
        stage.given(f"group_status/{name}", calculated)
    stage.do(PublishScore(), A, at=at("2027-02-25"), **SCORER)
    assert stage.events("group_status/GS-1")[1:] == [
        GroupStatusFlagged(assessment=A, score_version=1, superseded_by=2)
    ]
    status = stage.world.get(GroupStatusState, "GS-1")
    assert status is not None
    assert status.flagged
    assert not stage.events("group_status/GS-2")[1:]
    assert not stage.events("group_status/GS-3")[1:]
