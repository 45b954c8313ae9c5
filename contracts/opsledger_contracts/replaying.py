"""Where a score computed again leaves the record; both sides compare with this one function."""

from typing import Final, NamedTuple

from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.rules.inputs import Outcome

_FIGURES: Final = (
    "total",
    "grade",
    "total_exact",
    "inputs_digest",
    "result_digest",
    "tree_digest",
)


class Divergence(NamedTuple):
    """The first figure in which a replay is not what was recorded."""

    field: str
    item: str | None
    """Item of the letter concerned; None for figures of the whole."""
    recorded: str
    replayed: str


def divergence(run: ScoreCalculated, replayed: Outcome) -> Divergence | None:
    """Compare a recorded run with its replay, figure by figure; None when it is bit-identical."""
    found = {row.item: row for row in replayed.item_scores}
    for row in run.item_scores:
        if row != found.get(row.item):
            other = found.get(row.item)
            return Divergence("item_score", row.item, row.exact, other.exact if other else "none")
    for name in _FIGURES:
        recorded, computed = getattr(run, name), getattr(replayed, name)
        if recorded != computed:
            return Divergence(name, None, recorded, computed)
    return None
