"""Answers of supporting units, as they are kept and written down."""

from hypothesis import given
from hypothesis import strategies as st

from opsledger_ledger.domain.commitments import Commitments

ANSWERS = st.lists(
    st.tuples(st.sampled_from(("N01", "N02")), st.sampled_from(("MKT", "ENG")), st.booleans())
)


def told(answers: list[tuple[str, str, bool]], commitments: Commitments) -> Commitments:
    """Record answers in their order."""
    for item, unit, bound in answers:
        commitments.record(item, unit, bound=bound)
    return commitments


@given(ANSWERS)
def test_the_last_answer_of_a_unit_to_an_item_counts(answers: list[tuple[str, str, bool]]) -> None:
    """Each pair for itself; who said nothing has no answer."""
    last = {(item, unit): bound for item, unit, bound in answers}
    commitments = told(answers, Commitments())
    for item in ("N01", "N02"):
        for unit in ("MKT", "ENG"):
            assert commitments.answer(item, unit) is last.get((item, unit))


@given(ANSWERS, ANSWERS)
def test_what_was_written_down_goes_on(
    before: list[tuple[str, str, bool]], after: list[tuple[str, str, bool]]
) -> None:
    """Written down and read again anywhere, they come to the same, also if nobody asked between."""
    plain = told(before, Commitments())
    again = Commitments(Commitments(plain.written()).written())
    assert again == plain
    assert told(after, Commitments(plain.written())) == told(before + after, Commitments())


def test_other_answers_are_not_equal() -> None:
    """Nor is anything else."""
    bound, refused = Commitments(), Commitments()
    bound.record("N01", "MKT", bound=True)
    refused.record("N01", "MKT", bound=False)
    assert bound != refused
    assert bound != {"N01": {"MKT": True}}
