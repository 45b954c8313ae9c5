"""Pages of the feed at their limits: whatever cuts a page, following it reads everything once."""

from collections.abc import Iterator

import msgspec
import pytest

from opsledger_ledger.feed import pages
from opsledger_ledger.feed.pages import Page, Selection
from support.ledger_service import Served, served


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger with units, persons among them, and a unit that has a history."""
    with served(tmp_path_factory.mktemp("ledger")) as running:
        mode = {"mode": "weak", "basis": "章程", "valid_from": "2026-01-01"}
        for number in range(12):
            running.administrator.register(f"U{number}")
            running.administrator.post("/v1/units/U0/set-control-mode", mode)
        running.administrator.post("/v1/persons/P1/register", {"name": "某"})
        yield running


def followed(service: Served, selection: Selection) -> list[Page]:
    """All pages up to the head."""
    found = []
    while True:
        page = service.ledger.feed.page(selection)
        found.append(page)
        if page.after >= page.head:
            return found
        assert page.after > selection.after
        selection = msgspec.structs.replace(selection, after=page.after)


SELECTIONS = {
    "everything": Selection(),
    "one type": Selection(types=frozenset(("unit.control_mode_set.v1",))),
    "a rare type": Selection(types=frozenset(("person.registered.v1",))),
    "one stream": Selection(stream="unit/U0"),
    "one type of a stream": Selection(
        stream="unit/U0", types=frozenset(("unit.control_mode_set.v1",))
    ),
}


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"PAGE_BYTES_MAX": 1},
        {"PAGE_BYTES_MAX": 1_500},
        {"SCAN_ENTRIES_MAX": 1, "PAGE_ENTRIES_MAX": 1},
        {"SCAN_ENTRIES_MAX": 5, "PAGE_ENTRIES_MAX": 3},
    ],
    ids=str,
)
def test_a_page_that_is_cut_loses_nothing(
    service: Served,
    monkeypatch: pytest.MonkeyPatch,
    selection: Selection,
    limits: dict[str, int],
) -> None:
    """By entries, by bytes or by how many were looked at; and a final page stays as it is."""
    for name, limit in limits.items():
        monkeypatch.setattr(pages, name, limit)
    expected = [
        stored.position
        for stored in service.ledger.log.entries(0, 1000)
        if (not selection.types or stored.type in selection.types)
        and selection.stream in (None, stored.stream)
    ]
    found = followed(service, selection)
    assert [stored.position for page in found for stored in page.entries] == expected
    after = 0
    for page in found:
        again = service.ledger.feed.page(msgspec.structs.replace(selection, after=after))
        assert (again.digest(), again.final) == (page.digest(), page.final)
        after = page.after
    assert all(page.final for page in found[:-1])


def test_a_time_that_is_over_ends_the_feed(service: Served) -> None:
    """Of one stream and of all: until an instant before the head, the last page is final."""
    log = service.ledger.log.entries(0, 1000)
    until = msgspec.json.decode(log[-1].entry)["recordedtime"]
    for stream in (None, "unit/U0"):
        page = service.ledger.feed.page(Selection(recorded_until=until, stream=stream))
        assert page.final
        assert log[-1].position not in [stored.position for stored in page.entries]


def test_a_time_that_is_to_come_does_not(service: Served) -> None:
    """Entries may still be recorded before it."""
    page = service.ledger.feed.page(Selection(recorded_until="2999-01-01T00:00:00.000000Z"))
    assert not page.final
    assert page.entries[-1].position == page.head
