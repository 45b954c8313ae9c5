"""Words of both languages for what explanations show as codes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from opsledger_contracts.documents.rulebook import CauseClass, Treatment
from opsledger_contracts.rules.inputs import AdjustmentKind


class Word(NamedTuple):
    """One word in Chinese and in English."""

    zh: str
    en: str


KINDS: Final[Mapping[AdjustmentKind, Word]] = MappingProxyType(
    {
        "add": Word("增项", "added item"),
        "delete": Word("删项", "deleted item"),
        "retarget": Word("目标调整", "changed target"),
        "reschedule": Word("改期", "rescheduling"),
        "reweight": Word("权重调整", "changed weights"),
        "force_majeure": Word("不可抗力", "force majeure"),
        "transfer": Word("移交", "transfer"),
        "data_correction": Word("数据更正", "data correction"),
        "party_change": Word("主体变更", "change of party"),
    }
)

CAUSES: Final[Mapping[CauseClass, Word]] = MappingProxyType(
    {
        "self": Word("自身原因", "own cause"),
        "other_department": Word("其他部门原因", "caused by another department"),
        "group_imposed": Word("集团增加", "imposed by the group"),
        "external": Word("外部原因", "external cause"),
        "force_majeure": Word("不可抗力", "force majeure"),
    }
)

TREATMENTS: Final[Mapping[Treatment, Word]] = MappingProxyType(
    {
        "extend": Word("顺延", "extension"),
        "exclude": Word("剔除", "exclusion"),
        "retarget": Word("调整目标", "new target"),
        "refuse": Word("不予调整", "refusal"),
        "reweight": Word("调整权重", "new weights"),
        "none": Word("不作处理", "no treatment"),
    }
)

_PARAMETERS: Final[Mapping[str, Word]] = MappingProxyType(
    {
        "baseline": Word("基准值", "baseline"),
        "threshold": Word("门槛值", "threshold"),
        "target": Word("目标值", "target"),
        "stretch": Word("挑战值", "stretch"),
        "plan": Word("计划值", "plan"),
        "due": Word("完成期限", "due date"),
        "node_level": Word("节点级别", "node level"),
        "coefficient": Word("系数", "coefficient"),
        "closes": Word("截止日期", "closing date"),
    }
)


def parameter_word(name: str, language: Literal["zh", "en"]) -> str:
    """The word for an item's parameter; the name itself where there is none."""
    word = _PARAMETERS.get(name)
    if word is None:
        return name
    return word.zh if language == "zh" else word.en
