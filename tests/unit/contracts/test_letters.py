"""What a letter says after its events, where the properties do not tell."""

from datetime import date

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterItemImposed,
    LetterItemStruck,
    LetterSubmitted,
)
from opsledger_contracts.letters import (
    LetterDocument,
    after,
    amend,
    content_hash,
    item_parameters,
    period_days,
    revise_item,
)

HASH = "0" * 64
DRAFTED = LetterDrafted(
    letter="BJ-2026",
    kind="annual",
    title="滨江公司2026年度目标责任书",
    period="2026",
    issuer="HX",
    responsible_unit="BJ",
    responsible_person="P-CHEN",
    rulebook=HASH,
    matrix=HASH,
    calendar=HASH,
)
ITEM = LetterItem(
    item="N01",
    name="示范区开放",
    category="node",
    level="key",
    weight="10",
    clause="3.8",
    matrix_item="reschedule-node-1",
    responsible="BJ",
    responsible_person="P-CHEN",
    data_owner="OPS",
    completion_standard="通过验收",
    target="1",
    due=date(2026, 5, 29),
    node_level=1,
    params={"pace": "2"},
)


def _letter() -> LetterDocument:
    document = after(after(None, DRAFTED), LetterItemAdded(item=ITEM))
    assert document is not None
    return document


def test_an_item_is_found_by_its_code() -> None:
    """And nothing is found where there is none."""
    assert _letter().item("N01") == ITEM
    assert _letter().item("N02") is None


def test_events_before_the_draft_say_nothing() -> None:
    """A fold that begins in the middle of a stream has no document."""
    assert after(None, LetterSubmitted(content_hash=HASH)) is None


def test_an_event_that_changes_no_item_leaves_the_letter() -> None:
    """Submitting is about the document, not in it."""
    assert after(_letter(), LetterSubmitted(content_hash=HASH)) == _letter()


def test_a_null_takes_a_field_back_to_its_default() -> None:
    """The hash is that of a letter that never had it."""
    change = FieldChange(field="target", before="1", after=None)
    assert revise_item(ITEM, (change,)) == msgspec.structs.replace(ITEM, target=None)


@pytest.mark.parametrize(
    "change",
    [
        FieldChange(field="colour", before=None, after="red"),
        FieldChange(field="weight", before="10", after="ten"),
        FieldChange(field="weight", before="10", after=None),
        FieldChange(field="due", before="2026-05-29", after="soon"),
    ],
    ids=lambda change: f"{change.field} {change.after}",
)
def test_a_change_that_does_not_fit_the_item_is_refused(change: FieldChange) -> None:
    """No such field, or no such value of it."""
    with pytest.raises(msgspec.ValidationError):
        revise_item(ITEM, (change,))


def test_an_amendment_adds_revises_and_removes_in_order() -> None:
    """One event can do all three; an item added anew stands last."""
    other = msgspec.structs.replace(ITEM, item="N02")
    changes = (
        ItemChange(item="N02", added=other),
        ItemChange(
            item="N02", changes=(FieldChange(field="weight", before="10", after="540/173"),)
        ),
        ItemChange(item="N01", removed=True),
    )
    amended = amend(_letter(), changes)
    assert amended.items == (msgspec.structs.replace(other, weight="540/173"),)
    assert content_hash(amended) != content_hash(_letter())


def test_an_imposed_item_and_a_struck_one_move_the_other_weights() -> None:
    """The authority adds or strikes an item, and the same event re-bases the others (R088)."""
    imposed = LetterItemImposed(
        item=msgspec.structs.replace(ITEM, item="N02", weight="5"),
        consultation="CS-1",
        changes=_reweighted("10", "5"),
    )
    grown = after(_letter(), imposed)
    assert grown is not None
    assert [(item.item, item.weight) for item in grown.items] == [("N01", "5"), ("N02", "5")]
    struck = LetterItemStruck(item="N02", consultation="CS-2", changes=_reweighted("5", "10"))
    shrunk = after(grown, struck)
    assert shrunk == _letter()


def _reweighted(before: str, to: str) -> tuple[ItemChange, ...]:
    change = FieldChange(field="weight", before=before, after=to)
    return (ItemChange(item="N01", changes=(change,)),)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("2026", (date(2026, 1, 1), date(2026, 12, 31))),
        ("2026-Q1", (date(2026, 1, 1), date(2026, 3, 31))),
        ("2026-Q4", (date(2026, 10, 1), date(2026, 12, 31))),
        ("2028-02", (date(2028, 2, 1), date(2028, 2, 29))),
    ],
)
def test_a_period_includes_both_ends(period: str, days: tuple[date, date]) -> None:
    """A year, a quarter, a month, leap years too."""
    assert period_days(period) == days


def test_an_item_brings_the_terms_that_its_clause_asks_for() -> None:
    """Terms that the clause fixes stay out; further parameters are all given."""
    clause = Clause(
        clause="3.8",
        title_zh="节点延误",
        title_en="Node lateness",
        zh="延误扣分。",
        en="Lateness costs points.",
        principle="按期",
        item_params=("due", "node_level", "stretch"),
    )
    assert item_parameters(ITEM, clause) == {"due": "2026-05-29", "node_level": "1", "pace": "2"}
