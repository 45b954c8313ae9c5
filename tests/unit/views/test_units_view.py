"""V22 over units: what a unit was on which day, as it was known when."""

from datetime import date

from opsledger_contracts.events.unit import (
    ControlModeSet,
    OrgUnitDissolved,
    OrgUnitRegistered,
    OrgUnitReparented,
)
from opsledger_projections.views.units import UNITS
from support.feeds import MemoryLedger, rows_of


def _registered(ledger: MemoryLedger) -> None:
    ledger.record(
        "unit/BJ",
        OrgUnitRegistered(
            unit="BJ", type="subsidiary", name="滨江公司", parent="HX", valid_from=date(2025, 1, 1)
        ),
    )


def _segments(ledger: MemoryLedger) -> list[tuple[str, str, str]]:
    return [
        (row.valid_from, row.valid_to, row.body["parent"])
        for _, row in sorted(rows_of(UNITS, ledger).items())
    ]


def test_a_move_divides_the_days_of_a_unit() -> None:
    """R018: before the day of the move the old parent holds, from it on the new one."""
    ledger = MemoryLedger()
    _registered(ledger)
    ledger.record("unit/BJ", OrgUnitReparented(parent="EAST", valid_from=date(2026, 7, 1)))
    assert _segments(ledger) == [
        ("2025-01-01", "2026-07-01", "HX"),
        ("2026-07-01", "", "EAST"),
    ]


def test_a_move_recorded_late_leaves_a_later_one_standing() -> None:
    """A move of an earlier day, recorded afterwards, holds only until the move already known."""
    ledger = MemoryLedger()
    _registered(ledger)
    ledger.record("unit/BJ", OrgUnitReparented(parent="EAST", valid_from=date(2026, 7, 1)))
    ledger.record("unit/BJ", OrgUnitReparented(parent="WEST", valid_from=date(2026, 3, 1)))
    assert _segments(ledger) == [
        ("2025-01-01", "2026-03-01", "HX"),
        ("2026-03-01", "2026-07-01", "WEST"),
        ("2026-07-01", "", "EAST"),
    ]


def test_of_two_moves_on_one_day_the_later_recorded_holds() -> None:
    """A correction for the same day replaces the earlier statement."""
    ledger = MemoryLedger()
    _registered(ledger)
    ledger.record("unit/BJ", OrgUnitReparented(parent="EAST", valid_from=date(2026, 7, 1)))
    ledger.record("unit/BJ", OrgUnitReparented(parent="WEST", valid_from=date(2026, 7, 1)))
    assert _segments(ledger)[-1] == ("2026-07-01", "", "WEST")


def test_mode_and_end_are_days_too() -> None:
    """R011: control mode and dissolution begin on their days; what was before stays."""
    ledger = MemoryLedger()
    _registered(ledger)
    ledger.record(
        "unit/BJ",
        ControlModeSet(mode="strong", basis="新设", valid_from=date(2025, 6, 1)),
        OrgUnitDissolved(successors=("LG",), valid_from=date(2027, 1, 1)),
    )
    rows = [row for _, row in sorted(rows_of(UNITS, ledger).items())]
    assert [row.body.get("control_mode") for row in rows] == [None, "strong", "strong"]
    assert [row.labels["status"] for row in rows] == ["active", "active", "dissolved"]
    assert "position" in rows[-1].body["stated"][-1]["recorded"]
