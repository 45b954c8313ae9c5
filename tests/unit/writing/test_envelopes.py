"""Envelopes: ids that ascend, chains per stream, and who is said to have acted."""

import json
import uuid
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.events.unit import ControlModeSet, OrgUnitRegistered
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_contracts.fields import Evidence, instant, moment
from opsledger_contracts.problems.general import EntryTooLarge
from opsledger_ledger.domain.deciding import Act, Authority, Record
from opsledger_ledger.writing.envelopes import Enveloped, Envelopes, EventIds, StreamTails
from opsledger_ledger.writing.submission import Trace

NOW = "2026-06-01T02:00:00.123456Z"
DAY = date(2026, 1, 1)
REGISTERED = OrgUnitRegistered(unit="A", type="group", name="集团", valid_from=DAY)
SET = ControlModeSet(mode="weak", basis="章程", valid_from=DAY)
EVIDENCE = Evidence(sha256="a" * 64, media="application/pdf", title="批复")


def encode(*records: Record, versions: dict[str, int] | None = None, **act: Any) -> list[Enveloped]:
    """Put records into envelopes on top of streams that have some versions."""
    known = versions or {}
    envelopes = Envelopes(
        "urn:opsledger:test",
        "f" * 64,
        lambda stream: known.get(stream, 0),
        StreamTails(lambda stream, version: f"{stream}@{version}".ljust(32).encode()),
        EventIds(),
    )
    facts = {
        "target": "A",
        "person": "P-1",
        "now": NOW,
        "occurred_at": NOW,
        "command_id": "C-1",
        "position": "POS-1",
        "unit": "A",
        "on_behalf_of": "P-2",
        "delegation": "D-1",
        "reason": "理由",
    }
    return envelopes.encode(Act(**(facts | act)), records, Trace(correlation_id="T-1"))


@given(st.lists(st.integers(0, 5_000_000), min_size=2, max_size=30))
def test_ids_ascend_whatever_the_clock_does(steps: list[int]) -> None:
    """Forward, standing still or back: each id comes after all before it, and is a UUIDv7."""
    ids = EventIds()
    start = moment(NOW).timestamp()
    made = [
        ids.next(instant(moment(NOW).fromtimestamp(start + s / 1e6, tz=moment(NOW).tzinfo)))
        for s in steps
    ]
    assert made == sorted(set(made))
    for text in made:
        assert uuid.UUID(text).version == 7
        assert uuid.UUID(text).variant == uuid.RFC_4122


def test_the_time_of_an_id_is_that_of_recording() -> None:
    """The first 48 bits are milliseconds since 1970."""
    assert uuid.UUID(EventIds().next(NOW)).int >> 80 == 1_780_279_200_123


def test_ids_go_over_the_end_of_a_millisecond() -> None:
    """When the random part is used up, the next id borrows the next millisecond."""
    ids = EventIds(lambda bits: (1 << bits) - 1)
    made = [ids.next(NOW)]
    full = "ffffffff-ffff"
    last = f"{made[0][:13]}-7fff-bfff-{full.replace('-', '')[:12]}"
    ids.follow(last)
    made += [last, ids.next(NOW)]
    assert made == sorted(set(made))
    assert uuid.UUID(made[-1]).version == 7
    assert uuid.UUID(made[-1]).variant == uuid.RFC_4122


def test_ids_follow_those_of_the_log() -> None:
    """After a restart at the same instant the ids go on ascending."""
    before = EventIds()
    last = [before.next(NOW) for _ in range(5)][-1]
    after = EventIds(lambda _bits: 0)
    after.follow(last)
    assert after.next(NOW) > last
    after.follow("00000000-0000-7000-8000-000000000000")
    assert after.next(NOW) > last


def test_each_event_names_the_leaf_before_it() -> None:
    """`prev` chains a stream within a command, across commands, and not across streams."""
    first, second, third = encode(
        Record(REGISTERED, "unit/A"),
        Record(SET, "unit/A"),
        Record(SET, "unit/B"),
        versions={"unit/B": 6},
    )
    assert first.recorded.envelope.previous_leaf is None
    assert second.recorded.envelope.previous_leaf == leaf_hash(first.new.entry).hex()
    assert third.recorded.envelope.previous_leaf == b"unit/B@6".ljust(32).hex()
    assert [each.new.version for each in (first, second, third)] == [1, 2, 7]


def test_an_entry_is_canonical_and_says_who_acted() -> None:
    """All attributes of the act and the record are in the entry, in their CloudEvents names."""
    record = Record(
        SET,
        "unit/A",
        authority=Authority(matrix="b" * 64, item="9.1", step=2),
        rulebook="c" * 64,
        calendar="d" * 64,
    )
    (only,) = encode(record)
    entry = json.loads(only.new.entry)
    canonical = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert only.new.entry == canonical.encode()
    expected = {
        "source": "urn:opsledger:test",
        "type": "unit.control_mode_set.v1",
        "subject": "unit/A",
        "actorperson": "P-1",
        "actorposition": "POS-1",
        "actorunit": "A",
        "onbehalfof": "P-2",
        "delegation": "D-1",
        "authoritymatrix": "b" * 64,
        "authorityitem": "9.1",
        "authoritystep": 2,
        "rulebook": "c" * 64,
        "calendar": "d" * 64,
        "policyhash": "f" * 64,
        "reason": "理由",
        "commandid": "C-1",
        "correlationid": "T-1",
    }
    assert {name: entry[name] for name in expected} == expected
    assert only.recorded.event == SET


def test_what_the_ledger_concludes_is_said_to_be_by_the_system() -> None:
    """A derived event has no position, no delegator and no reason of the person."""
    (only,) = encode(Record(SET, "unit/A", derived=True))
    entry = json.loads(only.new.entry)
    assert entry["actorperson"] == "system"
    absent = {"actorposition", "actorunit", "onbehalfof", "delegation", "reason"}
    assert absent.isdisjoint(entry)


def test_evidence_of_the_act_goes_on_the_first_event() -> None:
    """Once per command; an event that brings its own keeps it."""
    first, second = encode(
        Record(REGISTERED, "unit/A"), Record(SET, "unit/A"), evidence=(EVIDENCE,)
    )
    assert (first.recorded.event.evidence, second.recorded.event.evidence) == ((EVIDENCE,), ())
    own = Evidence(sha256="b" * 64, media="text/plain", title="x")
    with_own = ControlModeSet(mode="weak", basis="章程", valid_from=DAY, evidence=(own,))
    (kept,) = encode(Record(with_own, "unit/A"), evidence=(EVIDENCE,))
    assert kept.recorded.event.evidence == (own,)


def test_an_entry_holds_64_kib_and_no_byte_more() -> None:
    """The limit is on the entry as it is stored."""
    (small,) = encode(Record(SET, "unit/A"), reason="x")
    room = 65_536 - len(small.new.entry) + 1
    (largest,) = encode(Record(SET, "unit/A"), reason="x" * room)
    assert len(largest.new.entry) == 65_536
    with pytest.raises(EntryTooLarge) as refused:
        encode(Record(SET, "unit/A"), reason="x" * (room + 1))
    assert refused.value.facts["found"] == 65_537


def test_tails_are_bounded_and_read_again() -> None:
    """A stream that is no longer kept, or has gone on, is looked up in the log."""
    read: list[tuple[str, int]] = []

    def from_log(stream: str, version: int) -> bytes:
        read.append((stream, version))
        return b"log"

    tails = StreamTails(from_log, tails_max=2)
    for stream in ("a", "b", "c"):
        tails.put(stream, 1, stream.encode())
    assert tails.leaf("c", 1) == b"c"
    assert tails.leaf("a", 1) == b"log"
    assert tails.leaf("c", 2) == b"log"
    tails.clear()
    assert tails.leaf("b", 1) == b"log"
    assert read == [("a", 1), ("c", 2), ("b", 1)]


def test_ids_differ_between_makers() -> None:
    """Two processes at the same instant do not make the same id."""
    made = [EventIds().next(NOW) for _ in range(50)]
    assert len(set(made)) == 50
    assert all(one[:13] == other[:13] for one, other in pairwise(made))
