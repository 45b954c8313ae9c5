"""Refusals of conflict cases."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class PartiesInvalid(Invalid):
    """A conflict is between at least two different units."""

    code = "parties_invalid"
    en = "A conflict needs at least two different parties, each named once; found {found}."
    zh = "冲突至少须有两个不同的当事单元,且每个只列一次;现为 {found}。"


class PartyToConflict(Forbidden):
    """Whoever mediates or rules belongs to none of the parties."""

    code = "party_to_conflict"
    en = "Person {person} belongs to {party}, a party to conflict {conflict}."
    zh = "人员 {person} 属于冲突 {conflict} 的当事单元 {party}。"


class StrangerToConflict(Forbidden):
    """Only a party or the mediating department does this."""

    code = "stranger_to_conflict"
    en = "Unit {unit} is neither a party to conflict {conflict} nor the mediating department."
    zh = "单元 {unit} 既非冲突 {conflict} 的当事方,也非协调部门。"


class NotYetOverdue(Conflict):
    """A party may escalate once the time for a solution has run out."""

    code = "not_yet_overdue"
    en = "Conflict {conflict} is to be solved by {due}; a party may escalate after that day."
    zh = "冲突 {conflict} 的解决期限为 {due},当事方可在此之后提请升级。"
