"""Refusals of positions."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class PositionOccupied(Conflict):
    """A position has one holder at a time."""

    code = "position_occupied"
    en = "Position {position} is held by {holder} beyond {date}; relieve this person first."
    zh = "岗位 {position} 在 {date} 之后仍由 {holder} 任职,须先免去其职务。"


class NotAppointed(Conflict):
    """Only a person who was appointed and not yet relieved can be relieved."""

    code = "not_appointed"
    en = "Person {person} has no open appointment to position {position}."
    zh = "人员 {person} 在岗位 {position} 上没有未终止的任职。"


class RelievedBeforeAppointed(Invalid):
    """An appointment cannot end before it began."""

    code = "relieved_before_appointed"
    en = "Person {person} was appointed from {valid_from}; this cannot end on {valid_to}."
    zh = "人员 {person} 自 {valid_from} 起任职,任职不能于 {valid_to} 终止。"
