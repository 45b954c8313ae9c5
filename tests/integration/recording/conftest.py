"""A log of one test on each database, open and closed afterwards."""

from collections.abc import Iterator

import pytest

from opsledger_ledger.recording.log import Log
from support.log_places import Place


@pytest.fixture
def log(place: Place) -> Iterator[Log]:
    """A new, empty log on either database."""
    opened = place.open()
    yield opened
    opened.close()
