"""What makes an authority matrix fit to publish (R035)."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from opsledger_contracts.documents.matrix import AuthorityMatrix, Verb
from opsledger_contracts.rules.matrix_validation import validate_matrix
from opsledger_contracts.rules.numbers import parse_decimal
from support.scoring_examples import matrix

MATRIX = matrix()
U = {"head_of": "responsible_unit"}
O = {"function": "ops"}  # noqa: E741 - the letter the table of rules.md uses.
P = {"function": "president"}
A = {"function": "audit"}


def _step(seq: int, verb: str, position: dict[str, str]) -> dict[str, Any]:
    return {"seq": seq, "verb": verb, "position": position, "sla_working_days": 3}


def _steps() -> list[dict[str, Any]]:
    return [
        _step(1, "initiate", U),
        _step(2, "review", O),
        _step(3, "approve", P),
        _step(4, "ratify", {"function": "board"}),
        _step(5, "execute", U),
        _step(5, "supervise", A),
    ]


def _matrix(item: dict[str, Any] | None = None, **changes: Any) -> AuthorityMatrix:
    row = {
        "item": "trial",
        "category": "trial",
        "level": "group",
        "title_zh": "试",
        "title_en": "trial",
        **({"steps": _steps()} if item is None else item),
    }
    document = {
        "matrix": "AM-2026",
        "version": 1,
        "effective_from": "2026-01-01",
        "title_zh": "矩阵",
        "title_en": "matrix",
        "items": [row],
        "sod": [{"first": "initiate", "second": "approve"}],
        **changes,
    }
    return msgspec.convert(document, AuthorityMatrix)


def test_the_example_matrix_has_no_defect() -> None:
    """AM-2026.1 may be published, and uses all ten verbs (R035, R036)."""
    assert validate_matrix(MATRIX) == ()
    used = {step.verb for item in MATRIX.items for step in item.steps}
    used |= {step.verb for item in MATRIX.items for row in item.brackets for step in row.steps}
    assert used == set(get_args(Verb))
    assert MATRIX.name == "AM-2026.1"


@pytest.mark.parametrize(
    "item",
    [
        "annual-plan",
        "annual-letter",
        "monthly-letter",
        "ordinary-adjustment",
        "reschedule-node-1",
        "force-majeure",
        "rulebook-version",
        "annual-result",
        "dispute-first",
        "dispute-second",
    ],
)
def test_the_example_matrix_has_the_rows_of_the_scenarios(item: str) -> None:
    """Every case of S1 and S2 finds its chain (R036)."""
    assert MATRIX.item(item).steps


def test_the_annual_letter_is_reviewed_in_parallel_then_approved_by_two() -> None:
    """Three centres review at once; the committee countersigns, then the president approves."""
    steps = MATRIX.item("annual-letter").steps
    chain = [(step.seq, step.verb, step.position.function) for step in steps]
    assert chain[:8] == [
        (1, "initiate", None),
        (2, "review", "finance"),
        (2, "review", "cost"),
        (2, "review", "marketing"),
        (2, "participate", "hr"),
        (3, "review", "ops"),
        (4, "review", "vice_president"),
        (5, "approve", "committee"),
    ]
    assert chain[8] == (6, "approve", "president")


@pytest.mark.parametrize(
    ("place", "counts"), [(0, (2, 1, 0)), (1, (3, 1, 0)), (2, (3, 2, 1))], ids=str
)
def test_amounts_choose_the_steps(place: int, counts: tuple[int, int, int]) -> None:
    """Reviews, approvals and ratifications of the three budget brackets (R053)."""
    verbs = [step.verb for step in MATRIX.item("budget-adjustment").brackets[place].steps]
    assert (verbs.count("review"), verbs.count("approve"), verbs.count("ratify")) == counts


def test_brackets_are_half_open_and_complete() -> None:
    """Each amount has one bracket, from 0 without limit."""
    brackets = MATRIX.item("budget-adjustment").brackets
    assert parse_decimal(brackets[0].lo) == 0
    assert brackets[-1].hi is None
    assert [row.hi for row in brackets[:-1]] == [row.lo for row in brackets[1:]]


def test_an_unknown_item_is_a_key_error() -> None:
    """The matrix hands out its items by name."""
    with pytest.raises(KeyError, match="holiday"):
        MATRIX.item("holiday")


def _without(verb: str) -> dict[str, Any]:
    return {"steps": [step for step in _steps() if step["verb"] != verb]}


def _plus(step: dict[str, Any], place: int = 99) -> dict[str, Any]:
    steps = _steps()
    steps.insert(place, step)
    return {"steps": steps}


def _brackets(*edges: tuple[str, str | None]) -> dict[str, Any]:
    rows = [{"lo": lo, "hi": hi, "steps": _steps()} for lo, hi in edges]
    return {"currency": "CNY", "brackets": rows}


CASES: list[tuple[str, Callable[[], AuthorityMatrix], list[str]]] = [
    ("fine", _matrix, []),
    ("fine brackets", lambda: _matrix(_brackets(("0", "5"), ("5", None))), []),
    ("no initiate", lambda: _matrix(_without("initiate")), ["initiate_count"]),
    (
        "two initiate",
        lambda: _matrix(_plus(_step(1, "initiate", O), 1)),
        ["initiate_count"],
    ),
    ("no approve", lambda: _matrix(_without("approve")), ["approve_missing"]),
    (
        "review after approve",
        lambda: _matrix(_plus(_step(6, "review", A))),
        ["stage_order"],
    ),
    (
        "review beside approve",
        lambda: _matrix(_plus(_step(3, "review", A), 3)),
        ["stage_order", "stage_order"],
    ),
    (
        "steps out of order",
        lambda: _matrix({"steps": [*_steps()[1:], _steps()[0]]}),
        ["seq_order"],
    ),
    (
        "a position of nobody",
        lambda: _matrix(_plus(_step(6, "feedback", {}))),
        ["position_rule"],
    ),
    (
        "a position of two kinds",
        lambda: _matrix(_plus(_step(6, "feedback", {**O, **U}))),
        ["position_rule"],
    ),
    (
        "the executor supervises",
        lambda: _matrix(_plus(_step(5, "supervise", U))),
        ["supervise_executes"],
    ),
    ("neither steps nor brackets", lambda: _matrix({}), ["steps_or_brackets"]),
    (
        "steps and brackets",
        lambda: _matrix({**_brackets(("0", None)), "steps": _steps()}),
        ["steps_or_brackets"],
    ),
    (
        "brackets without currency",
        lambda: _matrix({"brackets": _brackets(("0", None))["brackets"]}),
        ["currency"],
    ),
    (
        "a currency of nothing",
        lambda: _matrix({"steps": _steps(), "currency": "CNY"}),
        ["currency"],
    ),
    ("not from zero", lambda: _matrix(_brackets(("1", None))), ["bracket_gap"]),
    ("a gap", lambda: _matrix(_brackets(("0", "5"), ("6", None))), ["bracket_gap"]),
    ("beyond the last", lambda: _matrix(_brackets(("0", None), ("5", None))), ["bracket_gap"]),
    ("an empty bracket", lambda: _matrix(_brackets(("0", "0"), ("0", None))), ["bracket_empty"]),
    ("an upper limit", lambda: _matrix(_brackets(("0", "5"))), ["bracket_open"]),
    (
        "a pair of one act",
        lambda: _matrix(sod=[{"first": "score", "second": "score"}]),
        ["sod_same"],
    ),
    (
        "a pair twice",
        lambda: _matrix(
            {
                "steps": _steps(),
                "sod": [
                    {"first": "score", "second": "confirm"},
                    {"first": "confirm", "second": "score"},
                ],
            }
        ),
        ["sod_repeated"],
    ),
]


@pytest.mark.parametrize(
    ("build", "codes"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_each_defect_of_a_matrix_is_found(
    build: Callable[[], AuthorityMatrix], codes: list[str]
) -> None:
    """Verbs, order, positions, brackets and pairs are checked before publishing (R037, R041)."""
    assert [finding.code for finding in validate_matrix(build())] == codes


def test_an_item_twice_is_found() -> None:
    """One name, one chain."""
    items = _matrix().items * 2
    findings = validate_matrix(msgspec.structs.replace(_matrix(), items=items))
    assert [(finding.code, finding.path) for finding in findings] == [("item_repeated", "items[1]")]
