"""The one list of nouns and of everything that can happen to them.

Schemas, documentation, the mapper of the ledger and the projections are driven by this list.
"""

import inspect
from types import ModuleType
from typing import Final

import msgspec

from opsledger_contracts.event import Event
from opsledger_contracts.events import (
    adjustment,
    assessment,
    body,
    calendar,
    case,
    conflict,
    credential,
    cycle,
    delegation,
    dispute,
    distribution,
    group_status,
    import_batch,
    incident,
    indicator,
    ledger,
    letter,
    matrix,
    measurement,
    person,
    plan,
    position,
    replay,
    result,
    rulebook,
    survey,
    unit,
    work_item,
)


class UnknownEventType(LookupError):
    """An entry has a type that the catalogue does not know."""


class NounEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that has a stream of its own."""

    noun: str
    """First part of stream names and of event types."""
    plural: str
    """As it stands in routes."""
    zh: str
    en: str
    module: ModuleType


def _noun(module: ModuleType, plural: str, zh: str, en: str) -> NounEntry:
    noun = module.__name__.rpartition(".")[2]
    return NounEntry(noun=noun, plural=plural, zh=zh, en=en, module=module)


NOUNS: Final[dict[str, NounEntry]] = {
    entry.noun: entry
    for entry in (
        _noun(ledger, "ledgers", "账本", "ledger"),
        _noun(credential, "credentials", "密钥", "API key"),
        _noun(import_batch, "import-batches", "导入批次", "import batch"),
        _noun(unit, "units", "组织单元", "organisation unit"),
        _noun(person, "persons", "人员", "person"),
        _noun(position, "positions", "岗位", "position"),
        _noun(delegation, "delegations", "授权", "delegation"),
        _noun(body, "bodies", "决策机构", "decision body"),
        _noun(calendar, "calendars", "工作日历", "calendar"),
        _noun(matrix, "matrices", "权责体系", "authority matrix"),
        _noun(rulebook, "rulebooks", "考核管理办法", "rulebook"),
        _noun(cycle, "cycles", "计划周期", "plan cycle"),
        _noun(plan, "plans", "计划", "plan"),
        _noun(letter, "letters", "目标责任书", "target letter"),
        _noun(work_item, "work-items", "工作项", "work item"),
        _noun(case, "cases", "审批单", "approval case"),
        _noun(adjustment, "adjustments", "调整", "adjustment"),
        _noun(conflict, "conflicts", "冲突", "conflict case"),
        _noun(indicator, "indicators", "指标", "indicator"),
        _noun(measurement, "measurements", "实际值", "measurement"),
        _noun(survey, "surveys", "满意度调查", "survey"),
        _noun(incident, "incidents", "事故", "incident"),
        _noun(assessment, "assessments", "考核", "assessment"),
        _noun(dispute, "disputes", "申诉", "dispute"),
        _noun(replay, "replays", "回放", "replay"),
        _noun(distribution, "distributions", "等级分布", "grade distribution"),
        _noun(result, "results", "个人结果", "individual result"),
        _noun(group_status, "group-statuses", "集团运营状态", "group status"),
    )
}
"""Every noun, in the order in which people meet them."""

EVENTS: Final[dict[str, type[Event]]] = {
    member.TYPE: member
    for entry in NOUNS.values()
    for member in vars(entry.module).values()
    if inspect.isclass(member) and issubclass(member, Event) and member is not Event
}
"""Every event class by its type name."""


def event_class(type_name: str) -> type[Event]:
    """Find the class of an event type.

    Raises:
        UnknownEventType: the catalogue has no such type.

    """
    try:
        return EVENTS[type_name]
    except KeyError:
        raise UnknownEventType(type_name) from None
