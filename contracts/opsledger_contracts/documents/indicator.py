"""What a rulebook says of measured values: its indicators and their units of measure."""

from typing import Annotated

import msgspec

from opsledger_contracts.fields import Identifier, Title

UnitName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9_]{0,31}$(?!\n)",
        description="Name of a unit of measure that the linter knows.",
        examples=["cny_10k"],
    ),
]

ParameterPlace = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?$(?!\n)",
        description="A parameter of a clause, or a column of one that is a table.",
        examples=["target", "bands.lo"],
    ),
]


class IndicatorTerm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An indicator that clauses of the rulebook score, with the unit it is measured in."""

    indicator: Identifier
    zh: Title
    en: Title
    unit: UnitName
