"""The authority matrix: which positions act on a key work item, with which verb, in which order."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.fields import DecimalText, Identifier, Text, Title, Version

Verb = Literal[
    "initiate",
    "review",
    "participate",
    "approve",
    "ratify",
    "file",
    "archive",
    "execute",
    "supervise",
    "feedback",
]

Act = Literal[
    "initiate",
    "review",
    "participate",
    "approve",
    "ratify",
    "file",
    "archive",
    "execute",
    "supervise",
    "feedback",
    "verify",
    "score",
    "confirm",
    "decide_dispute",
    "own_data",
    "be_assessed",
    "rate",
    "be_rated",
    "mediate",
    "be_party",
]

Seq = Annotated[int, msgspec.Meta(ge=1, le=99)]


class PositionRule(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Who may take a step: positions carrying a function, or heads of units in the case.

    Exactly one of the two is given.
    """

    function: Identifier | None = None
    head_of: (
        Literal["responsible_unit", "supporting_units", "affected_units", "each_unit"] | None
    ) = None


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act of one position; steps with the same `seq` run in parallel, lower ones come first."""

    seq: Seq
    verb: Verb
    position: PositionRule
    sla_working_days: Annotated[int, msgspec.Meta(ge=0, le=250)]


class Bracket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps for amounts in ``[lo, hi)`` of the currency; `hi` None is unbounded (SR-22)."""

    lo: DecimalText
    hi: DecimalText | None
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1)]


class ForbiddenPair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two acts that no effective identity may both perform on one case (separation of duties)."""

    first: Act
    second: Act


class MatrixItem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key work item: its steps, or for amounts its brackets, and extra forbidden pairs."""

    item: Identifier
    category: Identifier
    level: Literal["group", "subsidiary", "department"]
    title_zh: Title
    title_en: Title
    steps: tuple[Step, ...] = ()
    currency: Identifier | None = None
    brackets: tuple[Bracket, ...] = ()
    sod: tuple[ForbiddenPair, ...] = ()
    note_zh: Text | None = None
    note_en: Text | None = None


class AuthorityMatrix(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the authority matrix; `sod` holds for every item."""

    matrix: Identifier
    version: Version
    effective_from: date
    title_zh: Title
    title_en: Title
    items: Annotated[tuple[MatrixItem, ...], msgspec.Meta(min_length=1)]
    sod: tuple[ForbiddenPair, ...]
    note_zh: Text | None = None
    note_en: Text | None = None
    split_window_days: Annotated[int, msgspec.Meta(ge=0, le=3660)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    """Calendar days within which related cases are summed (SR-22); absent, no sum is checked."""

    @property
    def name(self) -> str:
        """Identifier and version as cited in authority, e.g. ``AM-2026.1``."""
        return f"{self.matrix}.{self.version}"

    def item(self, identifier: str) -> MatrixItem:
        """The item of this name.

        Raises:
            KeyError: the matrix has none.

        """
        for candidate in self.items:
            if candidate.item == identifier:
                return candidate
        raise KeyError(identifier)
