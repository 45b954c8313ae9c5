"""Batches on PostgreSQL that are large enough for COPY: as whole, ordered and guarded as any other."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from opsledger_ledger.recording.log import AppendRefused, LogBusy, NewEntry
from opsledger_ledger.recording.postgres_batch import COPIED_ROWS
from opsledger_ledger.recording.postgres_log import PostgresLog, open_postgres_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker, fill, instant
from support.log_places import PostgresPlace
from support.postgres_proxy import PostgresProxy, postgres_proxy

AT = instant(500)

COPY = b"COPY entries"


@pytest.fixture
def proxied(postgres_place: PostgresPlace) -> Iterator[tuple[PostgresProxy, PostgresLog]]:
    """A log with ten entries whose connections go through a proxy."""
    with (
        # The path of a socket must be short.
        TemporaryDirectory() as directory,
        postgres_proxy(postgres_place.schema, Path(directory)) as (proxy, url),
        closing(
            open_postgres_log(
                url,
                postgres_place.schema.name,
                personal_key_file=postgres_place.personal_key_file,
            )
        ) as opened,
    ):
        fill(opened, 10)
        yield proxy, opened


def many(maker: EntryMaker, count: int) -> list[NewEntry]:
    """Entries of streams with names of several lengths, in several scripts."""
    return [
        maker.next(f"letter/{'集团' * (number % 3)}{number % 97}", AT, text="责" * (number % 50))
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [COPIED_ROWS - 1, COPIED_ROWS, 2 * COPIED_ROWS + 345])
def test_a_large_batch_is_written_whole_and_in_order(
    postgres_place: PostgresPlace, count: int
) -> None:
    """Whatever way its entries take, they are there with their tree, their answer and what follows."""
    maker = EntryMaker()
    with closing(postgres_place.open()) as log:
        new = many(maker, count)
        with log.begin() as batch:
            batch.append(new[:5], AT)
            batch.entries(0, 1)
            batch.append(new[5:], AT)
            batch.put_answer("scope", "key", b"f", b"a")
        with log.begin() as batch:
            batch.append([maker.next("letter/1", AT)], AT)
        stored = log.entries(0, count + 2)
        assert [
            (each.position, each.stream, each.version, each.type, each.entry) for each in stored
        ][:count] == [
            (position, each.stream, each.version, each.type, each.entry)
            for position, each in enumerate(new, 1)
        ]
        assert log.answer("scope", "key") is not None
        assert log.head().position == count + 1
        assert list(verify(log)) == []


@pytest.mark.parametrize("misfit", [0, COPIED_ROWS // 2, COPIED_ROWS])
def test_one_entry_that_does_not_fit_refuses_the_whole_batch(
    postgres_place: PostgresPlace, misfit: int
) -> None:
    """The guard looks at each row of a COPY too, and nothing of it stays."""
    maker = EntryMaker()
    new = many(maker, COPIED_ROWS + 1)
    maker.next("letter/GAP", AT)
    new[misfit] = maker.next("letter/GAP", AT)
    with closing(postgres_place.open()) as log:
        with (
            pytest.raises(AppendRefused, match="continue the log and its stream"),
            log.begin() as batch,
        ):
            batch.append(new, AT)
        assert log.head().position == 0
        assert log.entries(0, 1) == []
        fill(log, 10)
        assert list(verify(log)) == []


def test_a_connection_lost_inside_a_copy_leaves_nothing(
    proxied: tuple[PostgresProxy, PostgresLog],
) -> None:
    """Half of a COPY is none: the batch was not committed, and the next one goes through."""
    proxy, log = proxied

    def lose() -> None:
        with log.begin() as batch:
            batch.append(many(EntryMaker(), COPIED_ROWS), AT)
            proxy.at, proxy.cut = COPY, "after"

    with pytest.raises(LogBusy):
        lose()
    assert proxy.cuts == 1
    assert log.head().position == 10
    with log.begin() as batch:
        batch.append(many(EntryMaker(), COPIED_ROWS), AT)
    assert log.head().position == 10 + COPIED_ROWS
    assert list(verify(log)) == []
