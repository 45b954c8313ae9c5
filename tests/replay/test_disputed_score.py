"""The disputed score of S2, replayed on the read side to the last digit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger_contracts.collecting import collect
from opsledger_contracts.events.replay import Override
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.replay import OverrideUnknown, ReplayOptionWrong, RunUnknown
from opsledger_contracts.problems.replaying import (
    InputsNotKnown,
    NothingCalculated,
    RevisionNotKnown,
)
from opsledger_projections.following.projector import Projector
from opsledger_projections.replay.facts import ViewFacts, basis
from opsledger_projections.replay.replaying import Mode, Replayed, explain, replay
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.assessments import ASSESSMENTS
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import ADJUSTMENT, ASSESSMENT, LETTER, RULEBOOK, DisputedScore

EXCLUDE = Override(path=f"adjustments.{ADJUSTMENT}.treatment", value="exclude")


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The whole story, told once."""
    return DisputedScore().tell()


@pytest.fixture(scope="module")
def tables(story: DisputedScore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """Tables of the whole story."""
    path: Path = tmp_path_factory.mktemp("replay") / "tables.sqlite"
    filled = SqliteTables(path, list(VIEWS.values()))
    projector = Projector(list(VIEWS.values()), filled)
    for page in story.ledger.pages(50):
        projector.project(page)
    yield filled
    filled.close()


def _replay(
    tables: Tables,
    mode: Mode,
    run: int | None = 1,
    known_at: int | None = None,
    overrides: tuple[Override, ...] = (),
) -> Replayed:
    position = tables.progress().position
    return replay(
        tables,
        ASSESSMENT,
        mode,
        position=position,
        run=run,
        known_at=known_at,
        overrides=overrides,
    )


def test_verification_reproduces_the_published_score_bit_for_bit(tables: Tables) -> None:
    """R157: the ledger is right about what was done: 94.37, B, every digest equal."""
    found = _replay(tables, "verify")
    assert (found.replayed.total, found.replayed.grade) == ("94.37", "B")
    assert found.matches
    assert found.official
    assert found.recorded == found.replayed
    assert (found.differences, found.first_difference, found.divergence) == ((), None, None)
    assert found.delta == "0"


def test_as_of_uses_the_revision_that_was_in_force(tables: Tables, story: DisputedScore) -> None:
    """S2: with revision 2 N01 is five days late, 96.26, A; the first difference is on N01."""
    found = _replay(tables, "as_of", known_at=story.marks["executed"])
    assert (found.replayed.total, found.replayed.grade) == ("96.26", "A")
    assert (found.recorded.letter_revision, found.replayed.letter_revision) == (1, 2)
    assert found.delta == "1.89"
    assert not found.matches
    assert found.first_difference is not None
    assert (found.first_difference.item, found.first_difference.score_a) == ("N01", "64.0000")
    assert found.first_difference.score_b == "85.0000"
    assert found.first_difference.clause
    assert found.divergence is not None
    assert (found.divergence.field, found.divergence.item) == ("item_score", "N01")


def test_what_is_collected_as_of_is_what_the_rescore_froze(
    tables: Tables, story: DisputedScore
) -> None:
    """The inputs from the views have the digest of those that the ledger froze for run 2."""
    found = _replay(tables, "as_of", known_at=story.marks["executed"])
    assert found.replayed.inputs_digest == story.outcomes[1].inputs_digest
    assert found.replayed.tree_digest == story.outcomes[1].tree_digest
    position = tables.progress().position
    sheet = tables.read(ASSESSMENTS, ASSESSMENT, position)
    assert sheet is not None
    facts = ViewFacts(tables, position)
    revision = facts.revision(LETTER)
    assert revision is not None
    collected = collect(basis(sheet.row(ASSESSMENTS).body, facts), revision, RULEBOOK, facts)
    assert collected == story.inputs(2)
    assert facts.rulebook(story.outcomes[0].rulebook_hash) == RULEBOOK


def test_an_exclusion_instead_of_the_extension_is_for_information_only(tables: Tables) -> None:
    """S2: counterfactual with treatment exclude gives 97.50, watermarked, never official."""
    found = _replay(tables, "counterfactual", run=2, overrides=(EXCLUDE,))
    assert (found.replayed.total, found.official) == ("97.50", False)
    assert found.watermark is not None
    assert "not an official score" in found.watermark.en
    assert found.delta == "1.24"


def test_a_counterfactual_may_start_from_what_was_known(
    tables: Tables, story: DisputedScore
) -> None:
    """With a cut, the values replaced are those known then: run 1 has no adjustment to treat."""
    with pytest.raises(RuleInapplicable):
        _replay(tables, "counterfactual", overrides=(EXCLUDE,))
    found = _replay(
        tables, "counterfactual", known_at=story.marks["executed"], overrides=(EXCLUDE,)
    )
    assert found.replayed.total == "97.50"


@pytest.mark.parametrize(
    ("path", "value", "total"),
    [
        ("items.N01.evidence_date", "2026-05-29", "97.61"),
        ("items.I02.value", "150000", "96.40"),
        ("items.N01.params.due", "2026-06-03", "96.26"),
    ],
)
def test_single_inputs_can_be_replaced(tables: Tables, path: str, value: str, total: str) -> None:
    """R158: N01 on its day, cash on target, N01 due as extended: each moves the total exactly."""
    found = _replay(tables, "counterfactual", overrides=(Override(path=path, value=value),))
    assert found.replayed.total == total


def test_the_explanation_is_the_recorded_tree(tables: Tables, story: DisputedScore) -> None:
    """V06: recomputed from the frozen inputs, the tree has the recorded digest; 0.63 below A."""
    found = explain(tables, ASSESSMENT, 1, tables.progress().position, "en")
    assert found.matches
    assert found.tree == story.outcomes[0].tree
    assert found.nearest_boundary is not None
    assert found.nearest_boundary.en == "0.63 below A"
    assert any("N01" in line and "64" in line for line in found.lines)
    assert explain(tables, ASSESSMENT, None, tables.progress().position, "zh").total == "96.26"


def test_a_run_is_known_only_from_its_position_on(tables: Tables, story: DisputedScore) -> None:
    """As of the publication there is one run; before it there is none."""
    assert explain(tables, ASSESSMENT, None, story.marks["published"], "zh").total == "94.37"
    with pytest.raises(RunUnknown):
        explain(tables, ASSESSMENT, 2, story.marks["published"], "zh")


@pytest.mark.parametrize(
    ("mode", "options", "refusal"),
    [
        ("verify", {"known_at": 5}, ReplayOptionWrong),
        ("verify", {"overrides": (EXCLUDE,)}, ReplayOptionWrong),
        ("counterfactual", {}, ReplayOptionWrong),
        ("as_of", {"overrides": (EXCLUDE,)}, ReplayOptionWrong),
        ("as_of", {"known_at": 1}, RevisionNotKnown),
        ("as_of", {"known_at": 60}, InputsNotKnown),
        ("verify", {"run": 3}, RunUnknown),
        ("counterfactual", {"overrides": (Override(path="total", value="1"),)}, OverrideUnknown),
        (
            "counterfactual",
            {"overrides": (Override(path="items.X.weight", value="1"),)},
            OverrideUnknown,
        ),
        (
            "counterfactual",
            {"overrides": (Override(path="items.N01.evidence_date", value="x"),)},
            OverrideUnknown,
        ),
    ],
)
def test_replays_that_cannot_be_computed_say_why(
    tables: Tables, mode: Mode, options: dict[str, object], refusal: type[Refusal]
) -> None:
    """Every wrong option and every cut that lies too early has its own code."""
    with pytest.raises(refusal):
        _replay(tables, mode, **options)  # type: ignore[arg-type]


def test_an_unknown_or_uncalculated_assessment_says_so(
    tables: Tables, story: DisputedScore
) -> None:
    """There is nothing to replay before the first run."""
    with pytest.raises(UnknownThing):
        replay(tables, "AS-none", "verify", position=story.ledger.position)
    opened = story.marks["executed"] + 1
    with pytest.raises(NothingCalculated):
        replay(tables, ASSESSMENT, "verify", position=opened)
