"""Refusals of replays on the read side."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class InputsNotKnown(Invalid):
    """Facts that the score needs were not known at the cut."""

    code = "inputs_not_known"
    en = "At position {position} {count} inputs were not known (item / input / unit): {missing}"
    zh = "截至位置 {position} 尚有 {count} 项输入未知(工作项 / 输入 / 责任单位):{missing}"


class RevisionNotKnown(Invalid):
    """No revision of the letter was in force at the cut."""

    code = "revision_not_known"
    en = "At position {position} letter {letter} had no revision in force."
    zh = "截至位置 {position},责任书 {letter} 尚无生效版本。"


class NothingCalculated(Conflict):
    """The assessment has no run yet, so that there is nothing to replay or explain."""

    code = "nothing_calculated"
    en = "Assessment {assessment} has not been calculated as of position {position}."
    zh = "截至位置 {position},考核 {assessment} 尚未计算。"
