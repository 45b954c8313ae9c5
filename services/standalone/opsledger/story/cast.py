"""The people of the story: invented units, positions and persons of the 华翔 group."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class UnitRole:
    """A unit of the group."""

    id: str
    type: str
    name: str
    parent: str | None


UNITS: Final = (
    UnitRole("HX", "group", "华翔集团", None),
    UnitRole("HQ", "hq", "集团总部", "HX"),
    UnitRole("OPS", "ops", "计划运营部", "HQ"),
    UnitRole("FIN", "centre", "财务中心", "HQ"),
    UnitRole("COST", "centre", "成本中心", "HQ"),
    UnitRole("MKT", "centre", "营销中心", "HQ"),
    UnitRole("ENG", "centre", "工程中心", "HQ"),
    UnitRole("LEGAL", "department", "法务部", "HQ"),
    UnitRole("HR", "centre", "人力资源中心", "HQ"),
    UnitRole("AUDIT", "department", "审计部", "HQ"),
    UnitRole("COM", "committee", "薪酬考核委员会", "HX"),
    UnitRole("BOARD", "committee", "董事会", "HX"),
    UnitRole("BJ", "subsidiary", "滨江公司", "HX"),
    UnitRole("LG", "subsidiary", "临港公司", "HX"),
)

Tier = Literal["unit_head", "department_head", "supervisor", "staff"]


@dataclass(frozen=True, slots=True)
class Role:
    """A position with the one person who holds it throughout the story."""

    position: str
    unit: str
    title: str
    tier: Tier
    person: str
    name: str
    functions: tuple[str, ...] = ()
    head: bool = False
    scopes: tuple[str, ...] = ("writer", "approver")


ROLES: Final = (
    Role("BJ-GM", "BJ", "滨江公司总经理", "unit_head", "P-CHEN", "陈", head=True),
    Role("BJ-PM", "BJ", "滨江公司项目经理", "supervisor", "P-LIN", "林"),
    Role("LG-GM", "LG", "临港公司总经理", "unit_head", "P-GAO", "高", head=True),
    Role(
        "OPS-HEAD",
        "OPS",
        "计划运营部总经理",
        "department_head",
        "P-ZHOU",
        "周",
        ("ops",),
        head=True,
    ),
    Role("OPS-PLAN", "OPS", "计划管理岗", "supervisor", "P-SUN", "孙", ("ops",)),
    Role(
        "OPS-SCORE",
        "OPS",
        "绩效分析师",
        "supervisor",
        "P-WU",
        "吴",
        ("ops",),
        scopes=("writer", "assessor"),
    ),
    Role(
        "OPS-REPLAY",
        "OPS",
        "回放专员",
        "supervisor",
        "P-XU",
        "许",
        ("ops", "replay_officer"),
        scopes=("writer", "approver", "assessor"),
    ),
    Role("FIN-HEAD", "FIN", "财务总监", "department_head", "P-QIAN", "钱", ("finance",), head=True),
    Role("COST-HEAD", "COST", "成本总监", "department_head", "P-FENG", "冯", ("cost",), head=True),
    Role("MKT-HEAD", "MKT", "营销总监", "department_head", "P-HE", "何", ("marketing",), head=True),
    Role(
        "ENG-HEAD",
        "ENG",
        "工程总监",
        "department_head",
        "P-LU",
        "吕",
        ("engineering",),
        head=True,
        scopes=("writer", "approver", "assessor"),
    ),
    Role(
        "LEGAL-HEAD", "LEGAL", "法务总监", "department_head", "P-SHI", "施", ("legal",), head=True
    ),
    Role("HR-HEAD", "HR", "人力资源总监", "department_head", "P-ZHANG", "张", ("hr",), head=True),
    Role(
        "AUDIT-HEAD", "AUDIT", "审计总监", "department_head", "P-KONG", "孔", ("audit",), head=True
    ),
    Role("VP", "HQ", "分管副总裁", "unit_head", "P-LI", "李", ("vice_president",)),
    Role("PRESIDENT", "HX", "总裁", "unit_head", "P-ZHAO", "赵", ("president",), head=True),
    Role(
        "COM-SECRETARY",
        "COM",
        "委员会秘书",
        "department_head",
        "P-CAO",
        "曹",
        ("committee",),
        scopes=("writer", "approver", "assessor"),
    ),
    Role(
        "COM-PANEL",
        "COM",
        "复核小组组长",
        "department_head",
        "P-YAN",
        "严",
        ("committee", "committee_panel"),
        scopes=("writer", "approver", "assessor"),
    ),
    Role("BOARD-SECRETARY", "BOARD", "董事会秘书", "department_head", "P-JIN", "金", ("board",)),
)

LATER_UNITS: Final = (
    UnitRole("DC", "centre", "设计中心", "HQ"),
    UnitRole("SAFE", "department", "安全管理部", "HQ"),
)
"""Units that only the stories of the monthly letter and of the veto need."""

LATER_ROLES: Final = (
    Role("DC-HEAD", "DC", "设计总监", "department_head", "P-YU", "于", head=True),
    Role(
        "SAFETY-HEAD",
        "SAFE",
        "安全总监",
        "department_head",
        "P-DENG",
        "邓",
        ("safety",),
        head=True,
    ),
)
"""Positions of those units."""

ROLE_OF: Final = {role.position: role for role in ROLES}

AUDITOR: Final = Role(
    "AUDITOR", "AUDIT", "审计师", "supervisor", "P-TAO", "陶", (), scopes=("auditor",)
)
"""Reads everything, writes nothing; the demo prints what this person sees."""

SUBSCRIBER: Final = Role(
    "PAYROLL", "HR", "薪酬系统", "staff", "P-PAYROLL", "薪酬系统", (), scopes=("subscriber",)
)
"""The payroll system, which follows the feed."""
