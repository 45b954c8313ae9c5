"""A founded ledger that holds the event mix: what is read, projected, rebuilt and relayed."""

from datetime import UTC, datetime

from benchmarks.ledgers import fill, opened_log
from benchmarks.mix import EVENTS_EACH, LONG_EVERY, Mix
from benchmarks.places import Place
from benchmarks.submissions import prepared

from opsledger_contracts.fields import instant


def filled(place: Place, events: int) -> int:
    """Make a ledger with about so many events of the mix; gives its last position."""
    prepared(place).close()
    now = instant(datetime.now(UTC))  # noqa: TID251 - no entry may be older than the founding.
    log = opened_log(place, writing=True)
    try:
        fill(log, Mix(streams_for(events), now).events(), now)
        return log.head().position
    finally:
        log.close()


def streams_for(events: int) -> int:
    """Tell how many short streams a mix of so many events has."""
    return max(1, events * (LONG_EVERY - 1) // LONG_EVERY // EVENTS_EACH)
