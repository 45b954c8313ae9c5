"""A small organisation for the tests of nouns: units, positions with one person each."""

from datetime import date

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.events.person import PersonRegistered
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    RulebookDrafted,
    RulebookVersionPublished,
)
from opsledger_contracts.events.unit import OrgUnitRegistered, UnitType
from support import scoring_examples
from support.deciding import Stage

FOUNDED = date(2026, 1, 1)

UNITS: tuple[tuple[str, UnitType, str], ...] = (
    ("HX", "group", "华翔集团"),
    ("OPS", "ops", "计划运营部"),
    ("FIN", "centre", "财务中心"),
    ("MKT", "centre", "营销中心"),
    ("ENG", "centre", "工程中心"),
    ("BJ", "subsidiary", "滨江公司"),
    ("LG", "subsidiary", "临港公司"),
)

POSITIONS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("HX-P", "HX", "president", ("president",)),
    ("HX-VP", "HX", "vice-president", ("vice_president",)),
    ("HX-S", "HX", "safety-officer", ("safety",)),
    ("OPS-1", "OPS", "ops-head", ("ops",)),
    ("OPS-2", "OPS", "ops-officer", ("ops",)),
    ("FIN-1", "FIN", "finance-head", ("finance",)),
    ("FIN-2", "FIN", "finance-officer", ()),
    ("MKT-1", "MKT", "marketing-head", ("marketing",)),
    ("ENG-1", "ENG", "engineering-head", ("engineering",)),
    ("BJ-1", "BJ", "binjiang-head", ()),
    ("LG-1", "LG", "lingang-head", ()),
)
"""Position, unit, the person who holds it, and its functions."""


def organisation() -> Stage:
    """Set the stage with all units and positions, each position held since the founding."""
    stage = Stage()
    for unit, kind, name in UNITS:
        parent = None if unit == "HX" else "HX"
        registered = OrgUnitRegistered(
            unit=unit, type=kind, name=name, parent=parent, valid_from=FOUNDED
        )
        stage.given(f"unit/{unit}", registered)
    for position, unit, person, functions in POSITIONS:
        employ(stage, position, unit, person, functions)
    return stage


def employ(
    stage: Stage, position: str, unit: str, person: str, functions: tuple[str, ...] = ()
) -> Stage:
    """Register a person, unless known, and give them a new position in a unit."""
    if not stage.events(f"person/{person}"):
        stage.given(f"person/{person}", PersonRegistered(person=person, name_commitment="0" * 64))
    return stage.given(
        f"position/{position}",
        PositionDefined(
            position=position, unit=unit, title=position, tier="staff", functions=functions
        ),
        PersonAppointed(person=person, valid_from=FOUNDED),
    )


def regulated(document: Rulebook | None = None) -> Stage:
    """Set the same stage with a published rulebook (the example unless given) and calendar 2026."""
    stage = organisation()
    rulebook = document or scoring_examples.rulebook()
    calendar = scoring_examples.calendar("CN-2026.1")
    stage.given(
        f"rulebook/{rulebook.name}",
        RulebookDrafted(header=rulebook.header(), content_hash=digest(rulebook)),
        *(ClauseWritten(clause=clause) for clause in rulebook.clauses),
        RulebookVersionPublished(content_hash=digest(rulebook), effective_from=FOUNDED),
    )
    return stage.given(
        f"calendar/{calendar.name}",
        CalendarPublished(document=calendar, content_hash=digest(calendar)),
    )
