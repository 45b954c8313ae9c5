"""What makes an authority matrix fit to publish (domain-model.md, 2.2)."""

from collections.abc import Iterator, Sequence
from typing import Final

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.matrix import (
    AuthorityMatrix,
    Bracket,
    ForbiddenPair,
    MatrixItem,
    Step,
    Verb,
)
from opsledger_contracts.rules.numbers import parse_decimal

_STAGE: Final[dict[Verb, int]] = {
    "initiate": 0,
    "review": 1,
    "participate": 1,
    "approve": 2,
    "ratify": 3,
    "file": 4,
    "archive": 4,
    "execute": 4,
    "supervise": 4,
    "feedback": 4,
}
"""Stages of a case in their order: opening, opinion, approval, ratification, everything after."""


def validate_matrix(matrix: AuthorityMatrix) -> tuple[Finding, ...]:
    """Every structural defect of a matrix, in document order; empty when it may be published.

    Codes: `item_repeated`, `steps_or_brackets`, `currency`, `seq_order`, `initiate_count`,
    `approve_missing`, `stage_order`, `position_rule`, `supervise_executes`, `bracket_empty`,
    `bracket_gap`, `bracket_open`, `sod_same`, `sod_repeated`.
    """
    findings = list(_pairs(matrix.sod, "", "sod"))
    seen: set[str] = set()
    for place, item in enumerate(matrix.items):
        path = f"items[{place}]"
        if item.item in seen:
            findings.append(_finding("item_repeated", item, path, "事项重复", "listed twice"))
        seen.add(item.item)
        findings.extend(_item(item, path))
    return tuple(findings)


def _finding(code: str, item: MatrixItem, path: str, zh: str, en: str) -> Finding:
    return Finding(code=code, path=path, zh=zh, en=f"{item.item}: {en}", clause=item.item)


def _item(item: MatrixItem, path: str) -> Iterator[Finding]:
    if bool(item.steps) == bool(item.brackets):
        yield _finding(
            "steps_or_brackets",
            item,
            path,
            "步骤与金额档二者取一",
            "has either steps or brackets, not both or neither",
        )
    if bool(item.brackets) != (item.currency is not None):
        yield _finding(
            "currency", item, path, "有金额档则须有币种", "brackets and a currency go together"
        )
    if item.steps:
        yield from _steps(item, item.steps, f"{path}.steps")
    yield from _brackets(item, item.brackets, f"{path}.brackets")
    for place, bracket in enumerate(item.brackets):
        yield from _steps(item, bracket.steps, f"{path}.brackets[{place}].steps")
    yield from _pairs(item.sod, item.item, f"{path}.sod")


def _steps(item: MatrixItem, steps: Sequence[Step], path: str) -> Iterator[Finding]:
    sequence = [step.seq for step in steps]
    if sequence != sorted(sequence):
        yield _finding("seq_order", item, path, "步骤序号须递增", "steps stand in order of seq")
    verbs = [step.verb for step in steps]
    if verbs.count("initiate") != 1:
        yield _finding("initiate_count", item, path, "须恰有一个发起", "has exactly one initiate")
    if "approve" not in verbs:
        yield _finding("approve_missing", item, path, "至少一个审批", "has at least one approve")
    for place, step in enumerate(steps):
        if (step.position.function is None) == (step.position.head_of is None):
            yield _finding(
                "position_rule",
                item,
                f"{path}[{place}].position",
                "职能与单位负责人二者取一",
                "a position is of a function or heads a unit",
            )
    yield from _stages(item, steps, path)
    supervisors = [step.position for step in steps if step.verb == "supervise"]
    if any(step.verb == "execute" and step.position in supervisors for step in steps):
        yield _finding(
            "supervise_executes",
            item,
            path,
            "监督与执行不得为同一岗位",
            "supervise and execute are of different positions",
        )


def _stages(item: MatrixItem, steps: Sequence[Step], path: str) -> Iterator[Finding]:
    for place, step in enumerate(steps):
        stage = _STAGE[step.verb]
        if any(
            (other.seq < step.seq and _STAGE[other.verb] > stage)
            or (other.seq == step.seq and _STAGE[other.verb] != stage)
            for other in steps
        ):
            yield _finding(
                "stage_order",
                item,
                f"{path}[{place}]",
                "先发起，再审核与参与，再审批，再核准，其余在后",
                "initiate, then review and participate, then approve, then ratify, then the rest",
            )


def _brackets(item: MatrixItem, brackets: Sequence[Bracket], path: str) -> Iterator[Finding]:
    expected: str | None = "0"
    for place, bracket in enumerate(brackets):
        where = f"{path}[{place}]"
        if expected is None:
            yield _finding(
                "bracket_gap",
                item,
                where,
                "前一金额档已无上限",
                "the bracket before has no upper limit",
            )
        elif parse_decimal(bracket.lo) != parse_decimal(expected):
            yield _finding(
                "bracket_gap",
                item,
                where,
                f"金额档须自 {expected} 起",
                f"the bracket begins where the one before ends, at {expected}",
            )
        if bracket.hi is not None and parse_decimal(bracket.hi) <= parse_decimal(bracket.lo):
            yield _finding("bracket_empty", item, where, "金额档为空", "the bracket is empty")
        expected = bracket.hi
    if brackets and expected is not None:
        yield _finding(
            "bracket_open", item, path, "最后一档须无上限", "the last bracket has no upper limit"
        )


def _pairs(pairs: Sequence[ForbiddenPair], item: str, path: str) -> Iterator[Finding]:
    seen: set[frozenset[str]] = set()
    for place, pair in enumerate(pairs):
        acts = frozenset((pair.first, pair.second))
        where = f"{path}[{place}]"
        if len(acts) == 1:
            yield Finding(
                code="sod_same",
                path=where,
                zh="不相容事项须为两项",
                en="a forbidden pair names two acts",
                clause=item,
            )
        if acts in seen:
            yield Finding(
                code="sod_repeated",
                path=where,
                zh="不相容事项重复",
                en="the pair is listed twice",
                clause=item,
            )
        seen.add(acts)
