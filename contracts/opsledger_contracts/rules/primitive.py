"""What a rule primitive is: a pure function with declared parameters and a fixed meaning.

New semantics get a new version (``step@2``) beside the old one; a rulebook names the version it
uses, so old scores replay for ever.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal, TypeVar

import msgspec

from opsledger_contracts.rules.inputs import Fact


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The declared parameters of a primitive; all are required, since no number lives in code."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a table among the parameters."""


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """An exact score and how it came about, in one sentence per language."""

    exact: Fraction
    zh: str
    en: str


ParametersT = TypeVar("ParametersT", bound=Parameters)
FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive(Generic[ParametersT, FactT]):
    """One version of an item rule.

    `also` are further kinds of facts that it scores besides `fact`; `reads_quality` says that it
    reads what a completion states of quality. `direction` says how the score moves as the fact
    grows (a date grows by getting later): a property test holds the function to it. `compute`
    raises `RuleViolation` when the parameters or the fact are impossible.
    """

    name: str
    rule: str
    parameters: type[ParametersT]
    fact: type[FactT]
    direction: Literal["increasing", "decreasing", "none"]
    compute: Callable[[ParametersT, FactT], Working]
    also: tuple[type[FactT], ...] = ()
    reads_quality: bool = False


class RuleViolation(Exception):
    """Parameters or fact are impossible for a primitive; the engine adds item and clause.

    `outside` is the text of a value that no band covers, else None.
    """

    def __init__(self, detail: str, *, outside: str | None = None) -> None:
        self.outside = outside
        super().__init__(detail)
