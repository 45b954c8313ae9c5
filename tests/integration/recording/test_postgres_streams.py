"""What stands for names on PostgreSQL: a hash for a stream in the index, a number for a type."""

from collections.abc import Sequence
from contextlib import closing

import psycopg
import pytest

from opsledger_ledger.recording.log import AppendRefused, NewEntry, Stored
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker, fill, instant
from support.log_places import PostgresPlace
from support.tampering import as_superuser, unguarded_schema

AT = instant(500)

SAME_HASH = """
SELECT array_agg(name) FROM (SELECT 'letter/' || number AS name FROM generate_series(1, 300000) number)
AS named GROUP BY hashtext(name) HAVING count(*) > 1 LIMIT 1
"""


@pytest.fixture
def alike(postgres_place: PostgresPlace) -> Sequence[str]:
    """Two streams of one hash."""
    with psycopg.connect(postgres_place.schema.service_url) as connection:
        (names,) = connection.execute(SAME_HASH).fetchone() or ((),)
    assert len(names) == 2
    return list(names)


def test_streams_that_share_a_hash_are_told_apart(
    postgres_place: PostgresPlace, alike: Sequence[str]
) -> None:
    """Each of them has its own versions, and reads give the entries of the one that is asked for."""
    maker = EntryMaker()
    with closing(postgres_place.open()) as log:
        for stream in (alike[0], alike[0], alike[1], alike[0], alike[1]):
            with log.begin() as batch:
                batch.append([maker.next(stream, AT)], AT)
        for stream, positions in zip(alike, ([1, 2, 4], [3, 5]), strict=True):
            found: Sequence[Stored] = log.stream_entries(stream)
            assert [(each.stream, each.position) for each in found] == [
                (stream, position) for position in positions
            ]
            assert log.stream_version(stream) == len(positions)
            assert [each.version for each in log.stream_entries(stream, 1, 1)] == [2]
        # The third version of the other one does not stand before a third of this one.
        with (
            pytest.raises(AppendRefused, match="continue the log and its stream"),
            log.begin() as b,
        ):
            b.append([NewEntry(alike[1], 4, "letter.noted.v1", b"{}")], AT)
        assert list(verify(log)) == []


def test_a_type_gets_its_number_when_it_is_first_recorded(postgres_place: PostgresPlace) -> None:
    """Two processes number the same types, and what was rolled back has left no number behind."""

    def recorded(number: int, *types: str) -> list[NewEntry]:
        return [NewEntry(f"letter/{number}-{kind}", 1, kind, b"{}") for kind in types]

    def fail() -> None:
        with one.begin() as batch:
            batch.append(recorded(0, "letter.lost.v1"), AT)
            batch.entries(0, 1)
            raise LookupError

    with closing(postgres_place.open()) as one, closing(postgres_place.open()) as other:
        with pytest.raises(LookupError):
            fail()
        for number, log, types in (
            (1, one, ("letter.b.v1", "letter.a.v1")),
            (2, other, ("letter.c.v1", "letter.a.v1")),
            (3, one, ("letter.c.v1", "letter.d.v1")),
        ):
            with log.begin() as batch:
                batch.append(recorded(number, *types), AT)
        assert [each.type[7] for each in other.entries(0, 10)] == list("bacacd")
    with as_superuser(postgres_place) as stranger:
        numbered = stranger.execute("SELECT number, name FROM types ORDER BY number").fetchall()
        topics = stranger.execute(
            "SELECT topic FROM stored_events ORDER BY notification_id"
        ).fetchall()
    assert numbered == [(number, f"letter.{name}.v1") for number, name in enumerate("abcd", 1)]
    assert [topic[7] for (topic,) in topics] == list("bacacd")


def test_a_hash_that_the_server_makes_no_more_is_found(postgres_place: PostgresPlace) -> None:
    """Streams would be missing without a word if another server's function gave other hashes."""
    with closing(postgres_place.open()) as log:
        fill(log, 10)
    with unguarded_schema(postgres_place) as stranger:
        stranger.execute("ALTER TABLE entries ALTER stream_hash DROP EXPRESSION")
        stranger.execute("UPDATE entries SET stream_hash = stream_hash + 1 WHERE version = 2")
    with closing(postgres_place.open(writing=False, checking=False)) as log:
        findings = [(each.field, each.expected, each.found) for each in verify(log)]
    assert ("index entries_stream of this server", "10", "7") in findings
