"""Events of a position (岗位) and of those who hold it."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Text, Title

Tier = Annotated[
    Literal["unit_head", "department_head", "supervisor", "staff"],
    Meta(description="Rank that decides how organisation and individual score are weighed."),
]


class PositionDefined(Event, kw_only=True):
    """A position was defined in a unit, with the matrix functions that it carries."""

    TYPE: ClassVar[str] = "position.defined.v1"
    position: Identifier
    unit: Identifier
    title: Title
    tier: Tier
    functions: tuple[Identifier, ...] = ()
    """Functions of the authority matrix, such as `finance`, `ops`, `vice_president`."""
    head: bool = False
    """Whether the holder heads the unit."""
    reports_to: Identifier | None = None


class JobDescriptionPublished(Event, kw_only=True):
    """A version of the job description was published (R019)."""

    TYPE: ClassVar[str] = "position.job_description_published.v1"
    duties: tuple[Text, ...]
    powers: tuple[Identifier, ...] = ()
    """Items of the authority matrix."""
    indicators: tuple[Identifier, ...] = ()
    skills: tuple[Title, ...] = ()


class PersonAppointed(Event, kw_only=True):
    """A person holds the position from a day on."""

    TYPE: ClassVar[str] = "position.person_appointed.v1"
    person: Identifier
    valid_from: date


class PersonRelieved(Event, kw_only=True):
    """A person no longer holds the position from a day on."""

    TYPE: ClassVar[str] = "position.person_relieved.v1"
    person: Identifier
    valid_to: date
    """First day on which the position is no longer held."""


class PositionReviewed(Event, kw_only=True):
    """The position was reviewed, as is done from time to time (R022)."""

    TYPE: ClassVar[str] = "position.reviewed.v1"
    reviewed_on: date
    outcome: Text
