"""How the group comes into the ledger: units, people, powers, rules, calendars, indicators."""

from collections.abc import Iterable, Iterator
from typing import Final

from opsledger.story.approving import approval
from opsledger.story.cast import AUDITOR, ROLES, SUBSCRIBER, UNITS, Role, UnitRole
from opsledger.story.documents import document
from opsledger.story.step import Step

FOUNDED = "2025-10-08 09:00"
VALID_FROM = "2025-10-01"


def organisation() -> Iterator[Step]:
    """Register units, people, positions and appointments."""
    return registered(UNITS, (*ROLES, AUDITOR, SUBSCRIBER), ROLES)


def registered(
    units: Iterable[UnitRole], people: Iterable[Role], roles: Iterable[Role]
) -> Iterator[Step]:
    """Register units and people, and appoint those who have a position."""
    for unit in units:
        yield Step(
            at=FOUNDED,
            by="admin",
            do=f"units/{unit.id}/register",
            body={
                "type": unit.type,
                "name": unit.name,
                "valid_from": VALID_FROM,
                **({"parent": unit.parent} if unit.parent else {}),
            },
            en=f"unit {unit.id} is registered",
            zh=f"登记{unit.name}",
        )
    for role in people:
        yield Step(
            at=FOUNDED,
            by="admin",
            do=f"persons/{role.person}/register",
            body={"name": role.name},
            en=f"person {role.person} is registered; the name stays outside the ledger",
            zh=f"登记人员 {role.person}(姓名不入账)",
        )
    for role in roles:
        yield Step(
            at=FOUNDED,
            by="admin",
            do=f"positions/{role.position}/define",
            body={
                "unit": role.unit,
                "title": role.title,
                "tier": role.tier,
                "functions": list(role.functions),
                "head": role.head,
            },
            en=f"position {role.position} is defined",
            zh=f"设立岗位:{role.title}",
        )
        yield Step(
            at=FOUNDED,
            by="admin",
            do=f"positions/{role.position}/appoint",
            body={"person": role.person, "valid_from": VALID_FROM},
            en=f"{role.person} is appointed to {role.position}",
            zh=f"任命{role.title}",
        )


def calendars() -> Iterator[Step]:
    """Publish the working-day calendars of both years."""
    for name in ("CN-2026.1", "CN-2027.1"):
        yield Step(
            at=FOUNDED,
            by="admin",
            do=f"calendars/{name}/publish",
            body={"document": document(f"calendar-{name}")},
            en=f"calendar {name} is published",
            zh=f"发布工作日历 {name}",
        )


def authority_matrix() -> Iterator[Step]:
    """Publish the first authority matrix, for which no approval can exist yet."""
    name = "AM-2026.1"
    yield Step(
        at="2025-10-08 10:00",
        by="admin",
        do=f"matrices/{name}/draft",
        body={"document": document(f"matrix-{name}")},
        en=f"authority matrix {name} is drafted",
        zh=f"起草权责体系 {name}",
    )
    yield Step(
        at="2025-10-08 10:05",
        by="admin",
        do=f"matrices/{name}/publish",
        en=f"authority matrix {name} is published as the founding one",
        zh=f"发布首个权责体系 {name}",
    )


def rulebook() -> Iterator[Step]:
    """Bring the first rulebook of the year into force."""
    return rulebook_published(
        "RB-2026.1",
        case="C-RB-2026",
        drafted="2025-10-20",
        decided=(
            "2025-10-21",
            "2025-10-22",
            "2025-10-23",
            "2025-10-24",
            "2025-10-27",
            "2025-10-28",
        ),
        published="2025-10-29",
    )


def rulebook_published(
    name: str, *, case: str, drafted: str, decided: tuple[str, ...], published: str
) -> Iterator[Step]:
    """Draft, lint, approve along the matrix and publish a version of the rulebook."""
    path = f"rulebooks/{name}"
    yield Step(
        at=f"{drafted} 09:00",
        by="OPS-PLAN",
        do=f"{path}/draft",
        body={"document": document(f"rulebook-{name}")},
        en=f"rulebook {name} is drafted, clause by clause",
        zh=f"逐条起草考核管理办法 {name}",
    )
    yield Step(
        at=f"{drafted} 09:30",
        by="OPS-PLAN",
        do=f"{path}/lint",
        en="the lint finds no error, and two jumps of the score",
        zh="规则检查未发现错误，指出两处得分跳变",
    )
    for place, why in (
        ("clauses[6].params", "门槛值以下不得分，是本办法的本意"),
        ("clauses[12].params.levels[2]", "三级节点延误超过 30 天视同未完成"),
    ):
        yield Step(
            at=f"{drafted} 09:40",
            by="OPS-PLAN",
            do=f"{path}/accept-warning",
            body={"check": "RB-DISCONTINUITY", "path": place, "why": why},
            en=f"the jump at {place} is accepted by name",
            zh=f"署名接受跳变：{why}",
        )
    yield from approval(
        case=case,
        subject=f"rulebook/{name}",
        subject_hash=lambda memory: memory.data(f"rulebook/{name}", "rulebook.drafted.v1")[
            "content_hash"
        ],
        item="rulebook-version",
        initiator="OPS-PLAN",
        days=decided,
    )
    yield Step(
        at=f"{published} 09:00",
        by="OPS-PLAN",
        do=f"{path}/approve",
        body={"case": case},
        en="the rulebook counts as approved",
        zh="考核管理办法获得批准",
    )
    yield Step(
        at=f"{published} 10:00",
        by="OPS-PLAN",
        do=f"{path}/publish",
        en=f"rulebook {name} is published for 2026",
        zh=f"发布考核管理办法 {name}",
    )


INDICATORS: Final = (
    # id, title, unit of measure, direction, formula, owner, precision
    ("SALES", "合同销售额", "万元", "higher_better", "已签约合同金额合计", "FIN", 0),
    ("COLLECTION", "回款额", "万元", "higher_better", "到账金额合计", "FIN", 0),
    ("PROFIT", "净利润", "万元", "higher_better", "利润总额减所得税", "FIN", 0),
    ("COST-RATIO", "成本费用率", "%", "lower_better", "成本费用 ÷ 收入 × 100", "COST", 2),
    ("SOP", "SOP覆盖率", "%", "higher_better", "有SOP的核心流程 ÷ 核心流程 × 100", "AUDIT", 2),
    ("CUSTOMER", "客户满意度", "分", "higher_better", "第三方客户调查得分", "MKT", 0),
)


def indicators() -> Iterator[Step]:
    """Define the indicators of the letters, each with its owner and source."""
    for identifier, title, unit, direction, formula, owner, precision in INDICATORS:
        yield Step(
            at="2025-11-03 09:00",
            by="OPS-PLAN",
            do=f"indicators/{identifier}/define",
            body={
                "title": title,
                "unit": unit,
                "direction": direction,
                "formula": formula,
                "source": "集团业务系统月结数据",
                "owner": owner,
                "frequency": "annual",
                "precision": precision,
            },
            en=f"indicator {identifier} is defined",
            zh=f"定义指标:{title}",
        )
