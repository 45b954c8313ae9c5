"""Refusals of organisation units."""

from opsledger_contracts.problems.refusal import Invalid


class UnitCycle(Invalid):
    """A unit cannot stand under itself."""

    code = "unit_cycle"
    en = "Unit {parent} stands under unit {unit}, so it cannot become its parent."
    zh = "单元 {parent} 隶属于单元 {unit},不能成为其上级。"
