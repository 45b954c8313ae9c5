"""The closed list of checks: what each looks for and why it matters (SR-29)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.linting.finding import Severity


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the linter with its explanation in both languages."""

    check: str
    severity: Severity
    zh: str
    en: str


def _errors(**explained: tuple[str, str]) -> list[Check]:
    return _checks("error", explained)


def _checks(severity: Severity, explained: Mapping[str, tuple[str, str]]) -> list[Check]:
    return [
        Check(check=f"RB-{name.replace('_', '-')}", severity=severity, zh=zh, en=en)
        for name, (zh, en) in explained.items()
    ]


_TEXT: Final = _errors(
    CLAUSE_REPEATED=(
        "同一条款号出现两次，引用不明",
        "two clauses have one number, so citations are ambiguous",
    ),
    CLAUSE_TEXT_BLANK=(
        "条款缺少文字，被考核方无从依据",
        "a clause says nothing, so nobody can rely on it",
    ),
    UNKNOWN_CLAUSE=("引用了不存在的条款", "a section cites a clause that there is not"),
    UNKNOWN_PRIMITIVE=("引用了不存在的规则或版本", "a rule or a version of it does not exist"),
    UNKNOWN_GRADE=("引用了不存在的等级", "a grade is named that the bands do not have"),
    UNKNOWN_STATUS=("引用了不存在的运营状态", "a status is named that the bands do not have"),
    INDICATOR_UNKNOWN=("条款所评的指标未定义", "a clause scores an indicator that is not defined"),
    PARAMS_WITHOUT_RULE=(
        "条款有参数而无规则，参数不起作用",
        "parameters without a rule do nothing",
    ),
    PARAMETER_UNDECLARED=("规则没有这一参数", "the rule has no such parameter"),
    PARAMETER_SOURCE=(
        "参数须由条款或工作项二者之一给定",
        "a parameter is given by the clause or by the item, not by both or neither",
    ),
    PARAMETER_SHAPE=("参数格式不符", "a parameter does not have its form"),
    REPEATED=("名称重复", "a name that must be unique is listed twice"),
    DUPLICATE_KEY=(
        "同一键的两行可能各执一词（样例 F6）",
        "two rows under one key may say different things (fixture F6)",
    ),
    RANGE=("数值超出允许的次序", "numbers do not stand in their order"),
    FULL_MARKS=(
        "满分须大于 0 且属于计分条款",
        "full marks are above 0 and belong to a scoring clause",
    ),
)

_CURVES: Final = (
    *_errors(
        BAND_GAP=("区间之间有空隙，落入者无分可得", "a value between two bands has no score"),
        BAND_OVERLAP=("区间重叠，同一数值两个得分", "a value in two bands has two scores"),
        BAND_TOP=("最高区间须无上限", "values above the top band have no score"),
        BAND_BOTTOM=("最低区间须无下限", "values below the lowest band have no score"),
        BAND_EMPTY=("区间为空，永远达不到", "an empty band can never be reached"),
        DIVISION_BY_ZERO=("除数为 0", "the rule divides by zero"),
        SIGN=("除数须为正，亏损目标须为负", "a divisor is above 0, a planned loss below"),
        POINTS_ORDER=("插值各点须递增", "the points of an interpolation ascend"),
        NOT_MONOTONIC=("得分与规则声明的方向相反", "the score goes against the declared direction"),
        CAP_BELOW_BASE=("上限低于基础分，满额完成反被压低", "a cap lies below what it should cap"),
        STEP_MODE=(
            "“每 x%” 未言明整档还是按比例",
            "“per x %” does not say whether a broken step counts",
        ),
    ),
    *_checks(
        "warning",
        {
            "DISCONTINUITY": (
                "得分在一点跳变；毫厘之差可致大幅落差，须署名接受",
                "the score jumps: a hair's breadth costs many points, so somebody must mean it",
            ),
            "CONDITION_FORMULA": (
                "起付条件与公式不一致，条件刚满足即跳变（样例 F3）",
                "condition and formula disagree, so the score jumps where payment begins (F3)",
            ),
            "BAND_ORDER": ("各区间得分时升时降", "the scores of the bands go up and down"),
            "STEP_WORDING": (
                "参数与条款文字须同样言明不足一档如何计",
                "the clause's text must say what its parameter says of broken steps",
            ),
            "RATIO_SCALE": ("比值可能误写成百分数", "a ratio was probably written in per cent"),
        },
    ),
    *_checks(
        "info",
        {
            "STEP_JUMP": (
                "规则本身分档，列出各处跳变",
                "the rule is made of steps; its jumps are listed",
            ),
            "PART_WITHOUT_EFFECT": ("规则的一部分不起作用", "a part of the rule changes nothing"),
            "TERMS_OPEN": (
                "形状取决于工作项给定的条件，须逐份责任书检查",
                "the shape depends on terms of the item, to be looked at letter by letter",
            ),
        },
    ),
)

_UNITS: Final = (
    *_errors(
        UNIT_UNKNOWN=("没有这一计量单位", "there is no such unit of measure"),
        UNIT_MISMATCH=("计量单位与规则或彼此不符", "units do not fit the rule or one another"),
    ),
    *_checks(
        "info",
        {"UNIT_MISSING": ("未写明计量单位", "the unit of the actual value is not stated")},
    ),
)

_POLICIES: Final = (
    *_errors(
        ROUNDING_POINT=("缺少或重复修约点", "a rounding point is missing or named twice"),
        ORDER_OF_OPERATIONS=("计算次序不成立", "the order of operations does not stand"),
        ORDER_INCOMPLETE=("计算次序遗漏了有规定的步骤", "a section never takes place in the order"),
        SECTION_WITHOUT_STEP=("有规定而无步骤", "an optional section has no step"),
        STEP_WITHOUT_SECTION=("有步骤而无规定", "a step has no section that says what it does"),
        WEIGHT_TOTAL=("单项限额使权重无法合计", "no number of items can total the weights"),
        UNIT_TYPES=("适用单位类型须各有一个占比", "each type of unit in scope has one share"),
        TRIM=("去掉两端后没有剩余", "nothing is left after trimming"),
        DISTRIBUTION_ROWS=("每个组织等级须恰有一行", "each organisation grade has one row"),
        QUOTA_TOTAL=("名额比例合计超过 100 %", "quotas total more than 100 %"),
        QUOTA_OF_LOWEST=("最低等级不得设上限", "the lowest grade has no maximum"),
        TIE_LEFT=("并列无从裁定", "a tie would be left"),
        TIER_WEIGHTS=("组织与个人权重合计须为 1", "organisation and individual weight total 1"),
        GROUP_SHARES=("集团两项占比合计须为 1", "the two shares of the group total 1"),
        GROUP_CAPS=("否决越多状态不得越好", "more vetoes never make the status better"),
        STATUS_MISSING=("集团状态缺少区间", "the group's status has no bands"),
        CAUSES=("每类调整原因须恰有一行", "each class of cause has one row"),
        DUTY_ANCHOR=("固定日期与起算点不符", "a fixed day goes with the anchor fixed_day only"),
        FREEZE_REVERSED=("冻结期止于其始之前", "a freeze period ends before it begins"),
        FROZEN_CHANGE=(
            "新版本在冻结期内生效",
            "a version would take effect inside a frozen period",
        ),
        GATE_NEVER_CLOSES=("门槛永不触发", "nothing can close the gate"),
        VETO_CLAUSE=("否决没有条款依据", "a veto has no clause that says it"),
        WARNING_DAYS=("预警天数须递增", "days of warnings ascend"),
        MATERIALITY=("重要性水平须大于 0", "materiality is above 0"),
    ),
    *_checks(
        "warning",
        {
            "WEIGHT_POLICY": ("权重合计不是 100", "the weights do not total 100"),
            "GRADE_UNREACHABLE": ("总分范围内达不到的等级", "a grade that no total can reach"),
            "CLAUSE_UNREACHABLE": (
                "条款不计分也未被引用，仅可能被加减分引用",
                "a clause scores nothing and is cited by no section; only points could cite it",
            ),
            "VETO_EFFECT": ("否决后果不起作用", "the effect of a veto does nothing"),
            "CALENDAR": (
                "以工作日计而没有日历",
                "working days are counted and no calendar is there",
            ),
        },
    ),
)

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {check.check: check for check in (*_TEXT, *_CURVES, *_UNITS, *_POLICIES)}
)
"""Every check by its identifier."""
