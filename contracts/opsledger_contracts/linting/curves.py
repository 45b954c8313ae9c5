"""Checks of the score as a function of what was achieved: jumps, direction, parts without effect."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Final, cast

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.linting.finding import LintFinding, Severity
from opsledger_contracts.linting.pieces import Jump, Line, Piece, Shape, Stairs
from opsledger_contracts.linting.shapes import NotAnalysable, shapes
from opsledger_contracts.rules.numbers import shown
from opsledger_contracts.rules.primitives import PRIMITIVES

_NEXT_TO: Final = Fraction(1, 10_000)
"""How far beyond an open place the score is shown, so that a reader can check it."""


def each(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every jump, every move against the declared direction, every part without effect."""
    for place, clause in enumerate(rulebook.clauses):
        yield from of_clause(clause, f"clauses[{place}]")


def of_clause(clause: Clause, path: str) -> Iterator[LintFinding]:
    """The same for one clause."""
    try:
        found = shapes(clause)
    except NotAnalysable as reason:
        yield LintFinding(
            code="RB-TERMS-OPEN",
            severity="info",
            path=f"{path}.item_params",
            clause=clause.clause,
            zh=f"{reason} 由工作项给定，跳变须在责任书中逐项检查",
            en=f"{reason} is given by the item, so jumps can only be looked for letter by letter",
        )
        return
    for case, shape in enumerate(found):
        report = _Report(clause, _where(clause, path, case), shape)
        yield from report.jumps()
        yield from report.direction()
        yield from report.without_effect()


def _where(clause: Clause, path: str, case: int) -> str:
    for table in ("levels", "caps_up"):
        if table in clause.params:
            return f"{path}.params.{table}[{case}]"
    return f"{path}.params"


class _Report:
    """Findings on one shape of one clause."""

    def __init__(self, clause: Clause, path: str, shape: Shape) -> None:
        self._clause = clause
        self._path = path
        self._shape = shape
        self._case_zh = f"{shape.case_zh}：" if shape.case_zh else ""
        self._case_en = f"{shape.case_en}: " if shape.case_en else ""

    def jumps(self) -> Iterator[LintFinding]:
        jumps = list(self._shape.jumps())
        if self._shape.steps_declared:
            if jumps:
                yield self._steps(jumps)
            return
        for jump in jumps:
            yield self._jump(jump)
        for piece in self._shape.pieces:
            if isinstance(piece.run, Stairs) and piece.run.rise != 0:
                yield self._stairs(piece, piece.run)

    def direction(self) -> Iterator[LintFinding]:
        declared = PRIMITIVES[str(self._clause.rule)].direction
        if declared != "none":
            for found in self._shape.against(declared):
                yield self._finding(
                    "RB-NOT-MONOTONIC",
                    "error",
                    f"{self._named_zh(found)}与规则声明的方向（{declared}）相反",
                    f"{self._named_en(found)} goes against the direction that the rule declares "
                    f"({declared})",
                )
        elif all(
            any(True for _ in self._shape.against(way)) for way in ("increasing", "decreasing")
        ):
            yield self._finding(
                "RB-BAND-ORDER",
                "warning",
                "各区间得分时升时降",
                "the scores of the bands neither ascend nor descend",
            )

    def without_effect(self) -> Iterator[LintFinding]:
        pieces = self._shape.pieces
        for below, above in pairwise(pieces):
            if _same_level(below, above):
                at = shown(cast("Fraction", above.lo))
                yield self._finding(
                    "RB-PART-WITHOUT-EFFECT",
                    "info",
                    f"{self._shape.axis.zh}在 {at} 两侧得分相同（{below.zh}、{above.zh}）",
                    f"the score is the same on both sides of {self._shape.axis.en} {at} "
                    f"({below.en}, {above.en})",
                    at=at,
                )

    def _jump(self, jump: Jump) -> LintFinding:
        at, before, after = jump.at, jump.before, jump.after
        if self._shape.axis.days and not jump.above.lo_held:
            at = Fraction(at.numerator // at.denominator + 1)
            after = jump.above.run.value(at)
        near_zh, near_en, facts = "", "", {}
        if not self._shape.axis.days and not jump.above.lo_held:
            near = at + _NEXT_TO
            score = shown(jump.above.run.value(near))
            near_zh, near_en = f"（{shown(near)} 处得 {score}）", f" (at {shown(near)}: {score})"
            facts = {"near": shown(near), "near_score": score}
        words_zh = (
            f"{self._shape.axis.zh} {shown(at)} 处得分由 {shown(before)} 跳至 {shown(after)}，"
            f"跳变 {shown(after - before)}{near_zh}"
        )
        words_en = (
            f"with {self._shape.axis.en} at {shown(at)} the score jumps from {shown(before)} to "
            f"{shown(after)}, by {shown(after - before)}{near_en}"
        )
        facts |= {"at": shown(at), "before": shown(before), "after": shown(after)}
        if self._clause.rule == "stepped_start@1":
            return self._finding(
                "RB-CONDITION-FORMULA",
                "warning",
                f"条件与公式不一致：条件刚满足时公式并非从 {shown(before)} 起；{words_zh}",
                f"condition and formula disagree: where the condition is met the formula does not "
                f"begin at {shown(before)}; {words_en}",
                **facts,
            )
        return self._finding("RB-DISCONTINUITY", "warning", words_zh, words_en, **facts)

    def _steps(self, jumps: list[Jump]) -> LintFinding:
        listed = "; ".join(
            f"{shown(jump.at)}: {shown(jump.before)} -> {shown(jump.after)}" for jump in jumps
        )
        return self._finding(
            "RB-STEP-JUMP",
            "info",
            f"规则本身分档，得分在各档界处跳变：{listed}",
            f"the rule is made of steps, and the score jumps between them: {listed}",
            jumps=listed,
        )

    def _stairs(self, piece: Piece, stairs: Stairs) -> LintFinding:
        return self._finding(
            "RB-STEP-JUMP",
            "info",
            f"{piece.zh}一侧每满 {shown(stairs.width)} 跳变 {shown(stairs.rise)} 分",
            f"{piece.en}: the score jumps by {shown(stairs.rise)} for each full "
            f"{shown(stairs.width)}",
            width=shown(stairs.width),
            rise=shown(stairs.rise),
        )

    def _finding(
        self, code: str, severity: Severity, zh: str, en: str, **facts: str
    ) -> LintFinding:
        return LintFinding(
            code=code,
            severity=severity,
            path=self._path,
            clause=self._clause.clause,
            zh=f"{self._case_zh}{zh}",
            en=f"{self._case_en}{en}",
            facts=facts,
        )

    @staticmethod
    def _named_zh(found: Piece | Jump) -> str:
        return f"{shown(found.at)} 处的跳变" if isinstance(found, Jump) else f"“{found.zh}”一段"

    @staticmethod
    def _named_en(found: Piece | Jump) -> str:
        return f"the jump at {shown(found.at)}" if isinstance(found, Jump) else f"“{found.en}”"


def _same_level(below: Piece, above: Piece) -> bool:
    return (
        isinstance(below.run, Line)
        and isinstance(above.run, Line)
        and below.run.trend == above.run.trend == "flat"
        and below.run == above.run
    )
