"""What is said of each defect of an authority matrix, and where it is (R035)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.rules.matrix_validation import validate_matrix
from support.released import Released
from support.scoring_examples import matrix

HEAD = {"head_of": "responsible_unit"}
OPERATIONS = {"function": "ops"}
AUDIT = {"function": "audit"}


def _step(seq: int, verb: str, position: dict[str, str]) -> dict[str, Any]:
    return {"seq": seq, "verb": verb, "position": position, "sla_working_days": 3}


STEPS = [
    _step(1, "initiate", HEAD),
    _step(2, "review", OPERATIONS),
    _step(3, "approve", {"function": "president"}),
    _step(4, "ratify", {"function": "board"}),
    _step(5, "execute", HEAD),
    _step(5, "supervise", AUDIT),
]


def _item(name: str, **content: Any) -> dict[str, Any]:
    return {
        "item": name,
        "category": "trial",
        "level": "group",
        "title_zh": "试",
        "title_en": "trial",
        **content,
    }


def _matrix(*items: dict[str, Any], **changes: Any) -> AuthorityMatrix:
    document = msgspec.json.decode(msgspec.json.encode(matrix()))
    document |= {"items": [_item("sound", steps=STEPS), *items], **changes}
    return msgspec.convert(document, AuthorityMatrix)


def _with_steps(*steps: dict[str, Any]) -> AuthorityMatrix:
    return _matrix(_item("trial", steps=list(steps)))


def _with_brackets(*edges: tuple[str, str | None], **content: Any) -> AuthorityMatrix:
    rows = [{"lo": lo, "hi": hi, "steps": STEPS} for lo, hi in edges]
    return _matrix(_item("trial", **({"currency": "CNY", "brackets": rows} | content)))


DEFECTS = {
    "none": _matrix(),
    "an item twice": _matrix(_item("sound", steps=STEPS)),
    "neither steps nor brackets": _matrix(_item("trial")),
    "steps and brackets": _with_brackets(("0", None), steps=STEPS),
    "brackets without currency": _with_brackets(("0", None), currency=None),
    "a currency without brackets": _matrix(_item("trial", steps=STEPS, currency="CNY")),
    "steps out of order": _with_steps(*STEPS[1:], STEPS[0]),
    "nobody initiates": _with_steps(*STEPS[1:]),
    "nobody approves": _with_steps(*STEPS[:2], *STEPS[3:]),
    "a position of nobody": _with_steps(*STEPS, _step(6, "feedback", {})),
    "a review after the approval": _with_steps(*STEPS, _step(6, "review", AUDIT)),
    "a review beside the approval": _with_steps(*STEPS[:2], _step(3, "review", AUDIT), *STEPS[2:]),
    "two opinions at once": _with_steps(
        *STEPS[:2], _step(2, "participate", AUDIT), _step(2, "review", AUDIT), *STEPS[2:]
    ),
    "the executor supervises": _with_steps(*STEPS, _step(5, "supervise", HEAD)),
    "not from zero": _with_brackets(("1", "5"), ("5", None)),
    "a gap": _with_brackets(("0", "5"), ("6", None)),
    "an overlap": _with_brackets(("0", "5"), ("4", None)),
    "beyond the last": _with_brackets(("0", None), ("5", None)),
    "an empty bracket": _with_brackets(("0", "5"), ("5", "5"), ("5", None)),
    "the last bracket has an end": _with_brackets(("0", "5"), ("5", "9")),
    "a bracket without approval": _with_brackets(
        brackets=[
            {"lo": "0", "hi": "5", "steps": STEPS},
            {"lo": "5", "hi": None, "steps": [*STEPS[:2], *STEPS[3:]]},
        ]
    ),
    "pairs of the matrix": _matrix(
        sod=[
            {"first": "initiate", "second": "approve"},
            {"first": "review", "second": "review"},
            {"first": "approve", "second": "initiate"},
        ]
    ),
    "pairs of an item": _matrix(
        _item(
            "trial",
            steps=STEPS,
            sod=[
                {"first": "execute", "second": "execute"},
                {"first": "initiate", "second": "execute"},
                {"first": "execute", "second": "initiate"},
            ],
        )
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_a_matrix_is_told_with_its_place(defect: str, released: Released) -> None:
    """Code, path, item and both sentences of every finding, in document order."""
    released(validate_matrix(DEFECTS[defect]))


STAGES = (
    ("initiate",),
    ("review", "participate"),
    ("approve",),
    ("ratify",),
    ("file", "archive", "execute", "supervise", "feedback"),
)
PLACED = [(verb, place) for place, verbs in enumerate(STAGES) for verb in verbs]


@pytest.mark.parametrize(("first", "first_stage"), PLACED)
@pytest.mark.parametrize(("other", "other_stage"), PLACED)
def test_verbs_stand_in_the_order_of_their_stages(
    first: str, first_stage: int, other: str, other_stage: int
) -> None:
    """A later stage neither comes before an earlier one nor at once with it."""

    def disordered(second_seq: int) -> bool:
        steps = (_step(1, first, OPERATIONS), _step(second_seq, other, AUDIT))
        return "stage_order" in {row.code for row in validate_matrix(_with_steps(*steps))}

    assert disordered(2) is (first_stage > other_stage)
    assert disordered(1) is (first_stage != other_stage)
