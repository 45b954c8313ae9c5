"""Refusals for the separation of duties."""

from opsledger_contracts.problems.refusal import Forbidden


class SeparationOfDuties(Forbidden):
    """The same effective person would do two acts that must not be in one hand."""

    code = "separation_of_duties"
    en = "{person} already stands behind '{first}' here and may not also do '{second}'."
    zh = "{person} 已参与本事项的 {first},不得再进行 {second}。"
    needed_en = "Somebody else has to act, who neither is nor represents that person."
    needed_zh = "须由他人办理,且该人不是也不代表该人员。"
