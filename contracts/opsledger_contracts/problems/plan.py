"""Refusals of plans."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class NotThePlanner(Forbidden):
    """A plan is written by its unit or by the planning-and-operations department."""

    code = "not_the_planner"
    en = "Position {position} of unit {found} does not plan for {expected}."
    zh = "单元 {found} 的岗位 {position} 不能为 {expected} 编制计划。"


class HorizonEmpty(Invalid):
    """A plan ends after it begins."""

    code = "horizon_empty"
    en = "A plan from {valid_from} cannot end before {valid_to}."
    zh = "计划自 {valid_from} 起,不能止于 {valid_to} 之前。"


class ParentPlanUnfit(Invalid):
    """A plan stands under a published one of a longer horizon that holds its own (R056)."""

    code = "parent_plan_unfit"
    en = "A {kind} plan cannot stand under {parent}: {detail}."
    zh = "{kind} 类计划不能隶属于 {parent}:{detail_zh}。"


class PlanEntryRepeated(Invalid):
    """A goal or node has its code alone."""

    code = "plan_entry_repeated"
    en = "The code {entry} occurs twice in the plan."
    zh = "编码 {entry} 在计划中重复。"


class NodeOutsideHorizon(Invalid):
    """A node is due within the horizon of its plan."""

    code = "node_outside_horizon"
    en = "Node {node} is due on {due}, outside {valid_from} to before {valid_to}."
    zh = "节点 {node} 期限 {due} 不在 {valid_from} 至 {valid_to} 之前的期间内。"


class NodeHangsNowhere(Invalid):
    """A special plan's node hangs under a node of the master plan (R070)."""

    code = "node_hangs_nowhere"
    en = "Node {node} names the master node {found}, which {parent} does not have."
    zh = "节点 {node} 所属主项节点 {found} 不在计划 {parent} 中。"


class PlanKindUnfit(Conflict):
    """This is for plans of another kind."""

    code = "plan_kind_unfit"
    en = "Plan {plan} is {found}; this needs {expected}."
    zh = "计划 {plan} 为 {found};此操作需要 {expected}。"


class GoalUnknown(Invalid):
    """The plan has no goal of this code."""

    code = "goal_unknown"
    en = "Plan {plan} has no goal {goal}."
    zh = "计划 {plan} 没有目标 {goal}。"


class GoalNotDivisible(Invalid):
    """Only a goal above zero can be covered by parts."""

    code = "goal_not_divisible"
    en = "Goal {goal} of {value} cannot be broken down; its value must be above 0."
    zh = "目标 {goal}(值 {value})不能分解;目标值须大于 0。"


class ShareWeightMissing(Invalid):
    """A weighted mean needs a weight above zero for each share."""

    code = "share_weight_missing"
    en = "The share of {unit} needs a weight above 0 for a weighted mean."
    zh = "{unit} 的分解值按加权平均汇总,须有大于 0 的权重。"


class GoalNotCovered(Invalid):
    """The parts cover the whole, at least (R058)."""

    code = "goal_not_covered"
    en = "The shares cover {coverage} % of goal {goal}; at least 100 % is needed."
    zh = "分解值仅覆盖目标 {goal} 的 {coverage} %,至少须为 100 %。"


class CoverageBeyondMeasure(Invalid):
    """Parts that pass the whole by orders of magnitude are in another unit of measure."""

    code = "coverage_beyond_measure"
    en = "The shares cover goal {goal} more than {limit} % over; check the unit of measure."
    zh = "分解值超过目标 {goal} 的 {limit} %,请核对计量单位。"


class PublishedOtherContent(Conflict):
    """What is published is what was approved (R064)."""

    code = "published_other_content"
    en = "The approved content has the hash {expected}, not {found}."
    zh = "已批准内容的哈希为 {expected},而非 {found}。"


class NoRevisionProposed(Conflict):
    """A revision is proposed before a case can decide on it."""

    code = "no_revision_proposed"
    en = "No revision of plan {plan} is proposed."
    zh = "计划 {plan} 没有待批准的修订。"


class SuccessorUnfit(Invalid):
    """A plan is superseded by another published one of its unit and kind."""

    code = "successor_unfit"
    en = "Plan {by} ({found}) cannot take the place of {plan}."
    zh = "计划 {by}({found})不能取代 {plan}。"
    needed_en = "Another published plan of the same unit and kind."
    needed_zh = "须为同一单元、同一类型的另一已发布计划。"
