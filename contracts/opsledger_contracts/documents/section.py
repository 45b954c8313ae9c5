"""What all sections of a rulebook share."""

from typing import Annotated, Literal

import msgspec

from opsledger_contracts.fields import DecimalText, Identifier

PrimitiveName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z_]{0,39}@[1-9][0-9]{0,3}$(?!\n)",
        description="Name and version of a rule primitive, whose meaning never changes.",
        examples=["proportional@1"],
    ),
]

IntegerRounding = Literal["floor", "ceiling", "half_up"]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a rulebook whose parameters stand under one clause."""

    clause: Identifier


class GradeShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of the headcount for the named grades together."""

    grades: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    share: DecimalText
