"""Refusals of replays."""

from opsledger_contracts.problems.refusal import Invalid


class RunUnknown(Invalid):
    """The assessment has no such run."""

    code = "run_unknown"
    en = "Assessment {assessment} has no run {found}; its last one is {latest}."
    zh = "考核 {assessment} 没有第 {found} 次计算,最近一次为第 {latest} 次。"


class ReplayOptionWrong(Invalid):
    """The mode needs a field, or does not take it."""

    code = "replay_option_wrong"
    en = "A replay of mode {mode} {rule} {field}."
    zh = "{mode} 模式的回放与字段 {field} 不符({rule})。"


class OverrideUnknown(Invalid):
    """An override leads to nothing that the inputs hold."""

    code = "override_unknown"
    en = "The override {path} = {value} fits nothing in the inputs: {detail}."
    zh = "替换 {path} = {value} 与输入不符:{detail}。"
