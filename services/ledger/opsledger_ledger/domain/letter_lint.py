"""What stands against a letter: assessable, quantifiable, executable (R090), with sound weights.

The lint only reads documents, so it is the same at submission, in balancing and after an imposed
item, and every finding is reported at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.events.letter import LetterItem
from opsledger_contracts.letters import (
    ITEM_TERMS,
    LetterDocument,
    item_parameters,
    period_days,
)
from opsledger_contracts.problems.letter import LetterNotAcceptable
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import CompletionFact, ValueFact
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.primitives import parameters_of, primitive_of
from opsledger_contracts.rules.weights import WeightedItem, weight_findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The documents that a letter is held against."""

    rulebook: Rulebook
    matrix: AuthorityMatrix
    goals: frozenset[str]
    """Goals of the plan that the letter serves."""
    parent: LetterDocument | None
    """Annual letter of a monthly one."""


def require_acceptable(document: LetterDocument, terms: Terms) -> None:
    """Insist that nothing stands against the letter.

    Raises:
        LetterNotAcceptable: there are findings; all of them are named.

    """
    _refuse(
        (
            *item_findings(document, terms),
            *weight_findings(weighted(document), terms.rulebook.weights),
        )
    )


def require_acceptable_items(document: LetterDocument, terms: Terms) -> None:
    """Insist that nothing stands against the items, whatever their weights.

    An item that the authority imposes or strikes may carry others past the bounds of a single
    weight, as the rulebook's own re-basing does (SR-15).

    Raises:
        LetterNotAcceptable: there are findings; all of them are named.

    """
    _refuse(tuple(item_findings(document, terms)))


def _refuse(findings: tuple[Finding, ...]) -> None:
    if findings:
        raise LetterNotAcceptable(
            codes=", ".join(dict.fromkeys(finding.code for finding in findings)),
            findings="; ".join(f"{finding.path}: {finding.en}" for finding in findings),
            findings_zh=";".join(f"{finding.path}:{finding.zh}" for finding in findings),
        )


def weighted(document: LetterDocument) -> tuple[WeightedItem, ...]:
    """Give the items as the weight rules see them."""
    return tuple(
        WeightedItem(
            item=item.item,
            category=item.category,
            level=item.level,
            weight=parse_rational(item.weight),
        )
        for item in document.items
    )


def item_findings(document: LetterDocument, terms: Terms) -> Iterator[Finding]:
    """Report everything that is wrong with single items and with what they name."""
    for item in document.items:
        yield from _clause_findings(item, terms.rulebook)
        yield from _date_findings(item, document)
        yield from _responsibility_findings(item, document)
        yield from _reference_findings(item, document, terms)
    yield from _cycle_findings(document)


def _clause_findings(item: LetterItem, rulebook: Rulebook) -> Iterator[Finding]:
    try:
        clause = rulebook.clause(item.clause)
    except KeyError:
        yield _finding(
            "clause_unknown",
            item,
            "clause",
            f"规则手册 {rulebook.name} 没有第 {item.clause} 条",
            f"rulebook {rulebook.name} has no clause {item.clause}",
        )
        return
    for name in item.params:
        if name in ITEM_TERMS:
            yield _finding(
                "term_among_params",
                item,
                "params",
                f"{name} 应填写在同名字段中",
                f"{name} belongs into the field of this name",
            )
            return
    try:
        parameters_of(clause, item.item, item_parameters(item, clause))
    except RuleError as error:
        yield _finding(error.code, item, "params", error.zh, error.en, clause=clause.clause)
        return
    yield from _kind_findings(item, clause)


def _kind_findings(item: LetterItem, clause: Clause) -> Iterator[Finding]:
    """Ask for what the kind of fact needs that its clause scores."""
    fact = primitive_of(clause).fact
    if fact is ValueFact and item.unit is None:
        yield _finding("unit_missing", item, "unit", "缺少计量单位", "a unit of measure is missing")
    if fact is CompletionFact and item.start is None:
        yield _finding(
            "start_missing", item, "start", "节点缺少开始日期", "a node needs a start date"
        )


def _date_findings(item: LetterItem, document: LetterDocument) -> Iterator[Finding]:
    first, last = period_days(document.period)
    if item.start is not None and item.due is not None and item.due < item.start:
        yield _finding(
            "dates_reversed",
            item,
            "due",
            f"完成期限 {item.due} 早于开始日期 {item.start}",
            f"it is due on {item.due}, before its start on {item.start}",
        )
    if item.due is not None and not first <= item.due <= last:
        yield _finding(
            "due_outside_period",
            item,
            "due",
            f"完成期限 {item.due} 不在周期 {document.period} 内",
            f"it is due on {item.due}, outside the period {document.period}",
        )


def _responsibility_findings(item: LetterItem, document: LetterDocument) -> Iterator[Finding]:
    if not item.deliverables:
        yield _finding(
            "deliverables_missing",
            item,
            "deliverables",
            "缺少交付成果",
            "it names no deliverable",
        )
    if item.data_owner in (item.responsible, document.responsible_unit):
        yield _finding(
            "data_owner_assessed",
            item,
            "data_owner",
            f"被考核单位 {item.data_owner} 不能自行提供实际值",
            f"the assessed unit {item.data_owner} cannot state its own actual value",
        )
    if item.responsible in item.supporting:
        yield _finding(
            "responsible_supports",
            item,
            "supporting",
            f"{item.responsible} 不能既主责又协办",
            f"{item.responsible} cannot be responsible and supporting",
        )


def _reference_findings(
    item: LetterItem, document: LetterDocument, terms: Terms
) -> Iterator[Finding]:
    parent_items = {above.item for above in terms.parent.items} if terms.parent else set()
    yield from _unknown(
        item, "matrix_item", (item.matrix_item,), (known.item for known in terms.matrix.items)
    )
    yield from _unknown(
        item, "depends_on", item.depends_on, (other.item for other in document.items)
    )
    yield from _unknown(item, "contributes_to", _named(item.contributes_to), terms.goals)
    yield from _unknown(item, "parent_item", _named(item.parent_item), parent_items)


def _named(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)


def _unknown(
    item: LetterItem, field: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Finding]:
    there = frozenset(known)
    for name in names:
        if name not in there:
            yield _finding(
                f"{field}_unknown",
                item,
                field,
                f"引用的 {name} 不存在",
                f"it names {name}, which is not there",
            )


def _cycle_findings(document: LetterDocument) -> Iterator[Finding]:
    """Take away items that wait for nothing until none is left; the rest waits in a circle."""
    waiting = {
        item.item: {name for name in item.depends_on if document.item(name) is not None}
        for item in document.items
    }
    while free := {name for name, before in waiting.items() if not before}:
        waiting = {name: before - free for name, before in waiting.items() if name not in free}
    for name in waiting:
        yield Finding(
            code="dependency_circle",
            path=f"items.{name}.depends_on",
            zh="处于循环的前置关系中",
            en="it waits in a circle of dependencies",
        )


def _finding(
    code: str, item: LetterItem, field: str, zh: str, en: str, *, clause: str = ""
) -> Finding:
    return Finding(code=code, path=f"items.{item.item}.{field}", zh=zh, en=en, clause=clause)
