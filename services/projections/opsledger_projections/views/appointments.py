"""Who held which position when (V22): one row per appointment, valid on its days."""

from typing import Final

from opsledger_contracts.events.position import PersonAppointed, PersonRelieved
from opsledger_projections.views.view import (
    Changes,
    Current,
    Fact,
    Lookups,
    Put,
    Row,
    View,
    provenance,
)


def _changes(fact: Fact, current: Current) -> Changes:
    position = fact.identifier
    event = fact.event
    if isinstance(event, PersonAppointed):
        yield Put(
            Row(
                key=_key(position, event),
                body={"position": position, "person": event.person} | provenance(fact),
                labels={"position": position, "person": event.person},
                valid_from=event.valid_from.isoformat(),
            )
        )
    elif isinstance(event, PersonRelieved):
        for row in current.where("position", position):
            if row.labels["person"] == event.person and not row.valid_to:
                yield Put(
                    Row(
                        key=row.key,
                        body=row.body | {"relieved": provenance(fact)["recorded"]},
                        labels=row.labels,
                        valid_from=row.valid_from,
                        valid_to=event.valid_to.isoformat(),
                    )
                )


def _lookups(fact: Fact) -> Lookups:
    if isinstance(fact.event, PersonAppointed):
        return (("", _key(fact.identifier, fact.event)),)
    return (("position", fact.identifier),)


def _key(position: str, event: PersonAppointed) -> str:
    return f"{position}:{event.person}:{event.valid_from.isoformat()}"


APPOINTMENTS: Final = View(
    name="appointments",
    code="V22",
    version=1,
    zh="任职",
    en="appointments",
    labels=("position", "person"),
    indexed=("position", "person"),
    types=frozenset((PersonAppointed.TYPE, PersonRelieved.TYPE)),
    changes=_changes,
    looks_up=_lookups,
    dated=True,
)
