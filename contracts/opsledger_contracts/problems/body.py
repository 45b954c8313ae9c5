"""Refusals of decision bodies."""

from opsledger_contracts.problems.refusal import Invalid


class MemberRepeated(Invalid):
    """A position sits on a body once."""

    code = "member_repeated"
    en = "Position {position} is named more than once among the members."
    zh = "岗位 {position} 在成员中重复出现。"


class QuorumUnreachable(Invalid):
    """A body must be able to reach its own quorum."""

    code = "quorum_unreachable"
    en = "A quorum of {quorum} cannot be reached by {members} members."
    zh = "{members} 名成员无法达到 {quorum} 人的法定人数。"
