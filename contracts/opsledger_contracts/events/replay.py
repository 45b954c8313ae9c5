"""Events of a replay that became part of the record."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import (
    DecimalText,
    Identifier,
    Position,
    Sha256,
    Text,
    Title,
    Version,
)

ReplayMode = Annotated[
    Literal["verify", "as_of", "counterfactual", "shadow", "sweep"],
    Meta(
        description="The same inputs again, other cuts, replaced inputs, other rules, or a search."
    ),
]


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change of a counterfactual replay.

    `path` is one of `items.<item>.weight`, `.params.<parameter>`, `.value`, `.evidence_date`,
    `.fact`, `.added` and `.deleted`; `satisfaction.<rater>`; `bonus.<clause>` and
    `penalties.<clause>`, both also with `.added`; `adjustments.<adjustment>.treatment`, `.added`
    and `.deleted`; `clauses.<clause>.params.<parameter>`. `value` is plain text, or JSON where a
    thing is more than one value; `opsledger_contracts.overriding` says which.
    """

    path: Title
    value: Text


class Difference(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A place where two explanation trees differ."""

    path: Text
    clause: Identifier
    before: Text
    after: Text


class AffectedScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published score that a sweep found."""

    assessment: Identifier
    subject: Identifier
    score_version: Version
    detail: Text


class ReplayRequested(Event, kw_only=True):
    """A replay was asked for under stated cuts (R157, R158)."""

    TYPE: ClassVar[str] = "replay.requested.v1"
    replay: Identifier
    mode: ReplayMode
    assessment: Identifier
    run: Version
    known_at: Position | None = None
    """Cut of an as-of or counterfactual replay; absent means the frozen inputs of the run."""
    clause: Identifier | None = None
    """Clause of a sweep; absent sweeps for superseded letter revisions."""
    dispute: Identifier | None = None
    overrides: tuple[Override, ...] = ()


class ReplayCompleted(Event, kw_only=True):
    """The ledger computed the replay itself before recording it (architecture.md, section 10)."""

    TYPE: ClassVar[str] = "replay.completed.v1"
    engine: Identifier
    rulebook: Sha256
    inputs_digest: Sha256
    result_digest: Sha256
    tree_digest: Sha256
    total: DecimalText
    grade: Identifier
    delta: DecimalText
    """Total of the replay less the total of the run."""
    matches: bool
    official: bool
    """False for every replay that overrides anything: its figure is for information only."""
    differences: tuple[Difference, ...] = ()


class SweepCompleted(Event, kw_only=True):
    """Every published score that used a clause or a superseded revision (R159)."""

    TYPE: ClassVar[str] = "replay.sweep_completed.v1"
    affected: tuple[AffectedScore, ...]


class ReplayDiverged(Event, kw_only=True):
    """A verification replay was not bit-identical: an integrity alarm."""

    TYPE: ClassVar[str] = "replay.diverged.v1"
    first_difference: Difference
