"""Refusals of the operating status of the group."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class UnitNotScored(Conflict):
    """A weighted unit has no published score of the period."""

    code = "unit_not_scored"
    en = "Unit {unit} has no published score for {period}."
    zh = "单位 {unit} 没有 {period} 期已公布的得分。"


class UnitNotWeighted(Invalid):
    """A scored unit that the rulebook counts has no weight; nobody is left out of the group."""

    code = "unit_not_weighted"
    en = "Unit {unit} is scored for {period} and counts, but has no weight."
    zh = "单位 {unit} 已有 {period} 期得分且应计入,但未给出权重。"


class UnitNotCounted(Invalid):
    """A weight is given to a unit of a type that the rulebook does not count."""

    code = "unit_not_counted"
    en = "Clause {clause} does not count units of type {unit_type} such as {unit}."
    zh = "第 {clause} 条不计入类型为 {unit_type} 的单位 {unit}。"


class UnitWeightNotPositive(Invalid):
    """The weight of a unit is above 0."""

    code = "unit_weight_not_positive"
    en = "The weight of unit {unit} has to be above 0, not {found}."
    zh = "单位 {unit} 的权重须大于 0,实为 {found}。"


class GroupStatusCurrent(Conflict):
    """The status rests already on the scores that hold."""

    code = "group_status_current"
    en = "The status for {period} rests on the published scores already."
    zh = "{period} 期运营状态已依据现行得分核算。"
