"""Events of an indicator definition."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Text, Title

Direction = Annotated[
    Literal["higher_better", "lower_better", "target"], Meta(description="Which values are good.")
]
Frequency = Annotated[
    Literal["monthly", "quarterly", "annual", "on_event"],
    Meta(description="How often a value is stated."),
]
Precision = Annotated[
    int, Meta(ge=0, le=12, description="Decimal places that a value has at most.")
]


class IndicatorDefined(Event, kw_only=True):
    """An indicator was defined: how it is computed, from what, by whom (R187)."""

    TYPE: ClassVar[str] = "indicator.defined.v1"
    indicator: Identifier
    title: Title
    unit: Title
    """Unit of measure."""
    direction: Direction
    formula: Text
    source: Text
    owner: Identifier
    """Organisation unit that owns the figures."""
    frequency: Frequency
    precision: Precision
    category: Identifier | None = None


class IndicatorRevised(Event, kw_only=True):
    """The definition was replaced as a whole."""

    TYPE: ClassVar[str] = "indicator.revised.v1"
    title: Title
    unit: Title
    direction: Direction
    formula: Text
    source: Text
    owner: Identifier
    frequency: Frequency
    precision: Precision
    category: Identifier | None = None
