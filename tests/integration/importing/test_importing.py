"""Importing an approved file: whole, in order, marked, resumable, and only what was approved."""

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from opsledger.examples.recording import story_recorded
from opsledger_contracts.codec import Recorded, decode
from opsledger_contracts.events.import_batch import (
    ImportAbandoned,
    ImportBegun,
    ImportChunkRecorded,
    ImportCompleted,
    ImportProposed,
)
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.problems.general import (
    ClockBehind,
    UnknownReference,
    UnknownThing,
    VersionStale,
    WrongState,
)
from opsledger_contracts.problems.import_batch import SourceDefective, SourceDiffers, StreamTaken
from opsledger_ledger.clock import ClockKind
from opsledger_ledger.recording.log import Log, StorageFull
from opsledger_ledger.recording.verification import verify
from opsledger_ledger.writing.import_checking import Checked
from opsledger_ledger.writing.importing import Importer, Watcher
from support.import_files import (
    LATER,
    NOW,
    SOURCE,
    append,
    approve,
    importable,
    manifest_of,
    unit_fields,
    unit_lines,
    written,
)

BATCH = "IMP-1"
STREAM = f"import_batch/{BATCH}"
POLICY = "5" * 64


KEPT = (
    *("stream", "version", "type", "schema", "occurred_at", "person", "acting_position", "unit"),
    *("on_behalf_of", "delegation", "authority_matrix", "authority_item", "authority_step"),
    *("rulebook", "calendar", "reason"),
)
"""Attributes that an imported event has as its line says them."""


class StandingClock:
    """A clock that says what it is told to say."""

    kind: ClassVar[ClockKind] = "scripted"

    def __init__(self, now: str = LATER) -> None:
        self.instant = now

    def now(self) -> str:
        """Tell the instant."""
        return self.instant


def importer(log: Log, chunk_lines: int = 3, now: str = LATER) -> Importer:
    """An importer with small chunks."""
    return Importer(log, StandingClock(now), SOURCE, POLICY, chunk_lines=chunk_lines)


def units(*numbers: int) -> list[bytes]:
    """Lines of units with numbers."""
    return unit_lines(*(f"U{number}" for number in numbers))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A file of ten lines."""
    return written(tmp_path / "history.ndjson", units(*range(10)))


def recorded(log: Log) -> list[Recorded]:
    """Everything in the log."""
    return [decode(stored.entry) for stored in log.entries(0, 100_000)]


def own(log: Log) -> list[object]:
    """What happened to the batch."""
    return [decode(stored.entry).event for stored in log.stream_entries(STREAM)]


def _unit(unit: str) -> OrgUnitRegistered:
    return msgspec.convert(unit_fields(unit)["data"], OrgUnitRegistered)


def interrupted(log: Log, path: Path, chunks: int) -> None:
    """Import some chunks of a file; then the storage is full."""
    done = 0

    def stop(_lines: int, _events: int) -> None:
        nonlocal done
        done += 1
        if done > chunks:
            raise StorageFull("as planned")

    with pytest.raises(StorageFull):
        importer(log).run(BATCH, path, Watcher(recorded=stop))


def test_a_whole_history_is_taken_over(log: Log, tmp_path: Path) -> None:
    """Every line is an entry: same stream, version, event, occurrence and actor; sound as a log."""
    story = [entry.recorded for entry in story_recorded().entries]
    path = written(tmp_path / "story", importable(e.stored for e in story_recorded().entries))
    manifest = manifest_of(path)
    approve(log, BATCH, manifest)
    done = importer(log, chunk_lines=100).run(BATCH, path)
    assert (done.status, done.lines) == ("completed", manifest.events)
    imported = [each for each in recorded(log) if each.envelope.origin == "import"]
    streams = {each.envelope.stream for each in imported}
    expected = [each for each in story if each.envelope.stream in streams]
    assert len(imported) == manifest.events == len(expected)
    for before, after in zip(expected, imported, strict=True):
        assert after.event == before.event
        for name in KEPT:
            assert getattr(after.envelope, name) == getattr(before.envelope, name), name
    assert list(verify(log)) == []


def test_imported_events_are_marked_and_never_older_than_their_batch(
    log: Log, history: Path
) -> None:
    """Origin and batch stand in the entry; it is recorded now, behind the beginning of the batch."""
    approve(log, BATCH, manifest_of(history))
    importer(log).run(BATCH, history)
    everything = recorded(log)
    begun = next(n for n, each in enumerate(everything) if isinstance(each.event, ImportBegun))
    imported = [
        (n, each.envelope) for n, each in enumerate(everything) if each.envelope.import_batch
    ]
    assert len(imported) == 10
    for number, envelope in imported:
        assert (envelope.origin, envelope.import_batch) == ("import", BATCH)
        assert number > begun
        assert envelope.recorded_at == LATER >= everything[begun].envelope.recorded_at
        assert envelope.occurred_at == "2020-01-01T00:00:00.000000Z"
        assert envelope.policy_hash == POLICY
    ids = [each.envelope.id for each in everything]
    assert ids[2:] == sorted(set(ids[2:]))


def test_the_batch_tells_which_lines_are_where(log: Log, history: Path) -> None:
    """Each chunk names its lines and their positions; the end names them all."""
    approve(log, BATCH, manifest_of(history))
    told: list[tuple[int, int]] = []
    watcher = Watcher(recorded=lambda *progress: told.append(progress))
    importer(log, chunk_lines=4).run(BATCH, history, watcher)
    assert told == [(0, 10), (4, 10), (8, 10), (10, 10)]
    assert own(log)[2:] == [
        ImportBegun(),
        ImportChunkRecorded(line_from=1, line_to=4, chunk_from=4, chunk_to=7),
        ImportChunkRecorded(line_from=5, line_to=8, chunk_from=9, chunk_to=12),
        ImportChunkRecorded(line_from=9, line_to=10, chunk_from=14, chunk_to=15),
        ImportCompleted(events=10, position_from=4, position_to=15),
    ]
    assert [decode(log.entries(p - 1, 1)[0].entry).envelope.stream for p in (4, 9, 15)] == [
        "unit/U0",
        "unit/U4",
        "unit/U9",
    ]


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_an_interrupted_import_goes_on_behind_its_last_line(
    log: Log, history: Path, chunks: int
) -> None:
    """Wherever it stopped, the batch is running until all lines are there, each exactly once."""
    approve(log, BATCH, manifest_of(history))
    interrupted(log, history, chunks)
    lines = [event.line_to for event in own(log) if isinstance(event, ImportChunkRecorded)]
    assert lines == [3, 6, 9][:chunks]
    append(log, "unit/LIVE", _unit("LIVE"))
    done = importer(log, chunk_lines=2).run(BATCH, history)
    assert (done.status, done.lines) == ("completed", 10)
    streams = Counter(each.envelope.stream for each in recorded(log) if each.envelope.origin)
    assert streams == Counter({f"unit/U{number}": 1 for number in range(10)})
    assert list(verify(log)) == []


def test_a_stream_goes_on_across_chunks_and_interruptions(log: Log, tmp_path: Path) -> None:
    """The link to the previous entry of a stream holds wherever a chunk ends."""
    moved = [
        unit_fields("U1")
        | {
            "version": version,
            "type": "unit.reparented.v1",
            "data": {"parent": f"U{version}", "valid_from": "2021-01-01"},
        }
        for version in range(2, 9)
    ]
    lines = units(1) + [msgspec.json.encode(each) + b"\n" for each in moved]
    path = written(tmp_path / "file", lines)
    approve(log, BATCH, manifest_of(path))
    interrupted(log, path, 1)
    importer(log).run(BATCH, path)
    assert [decode(each.entry).envelope.version for each in log.stream_entries("unit/U1")] == [
        *range(1, 9)
    ]
    assert list(verify(log)) == []


def test_a_batch_is_imported_once(log: Log, history: Path) -> None:
    """What is completed is not imported again; what was given up or never approved, not at all."""
    approve(log, BATCH, manifest_of(history))
    importer(log).run(BATCH, history)
    with pytest.raises(WrongState):
        importer(log).run(BATCH, history)
    with pytest.raises(UnknownThing):
        importer(log).run("IMP-2", history)
    manifest = manifest_of(history)
    proposal = ImportProposed(batch="IMP-3", title="x", manifest=manifest, content_hash="0" * 64)
    append(log, "import_batch/IMP-3", proposal)
    with pytest.raises(WrongState):
        importer(log).run("IMP-3", history)


def edited(path: Path) -> None:
    """Change one line in place."""
    path.write_bytes(path.read_bytes().replace(b'"name":"U9"', b'"name":"X9"'))


def cut(path: Path) -> None:
    """Take the last lines away."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:8]))


def emptied(path: Path) -> None:
    """Take everything away."""
    path.write_bytes(b"")


@pytest.mark.parametrize("change", [edited, cut, emptied])
def test_only_the_approved_file_is_imported(
    log: Log, history: Path, change: Callable[[Path], None]
) -> None:
    """A file with another digest is refused, and nothing is recorded."""
    approve(log, BATCH, manifest_of(history))
    change(history)
    with pytest.raises(SourceDiffers):
        importer(log).run(BATCH, history)
    assert log.head().position == 2


def test_a_manifest_that_lies_is_found(log: Log, history: Path) -> None:
    """The digest is right and a count is not: who approved was told another thing."""
    manifest = msgspec.structs.replace(manifest_of(history), streams=9)
    approve(log, BATCH, manifest)
    with pytest.raises(SourceDiffers) as caught:
        importer(log).run(BATCH, history)
    assert caught.value.facts["field"] == "streams"
    assert log.head().position == 2


@pytest.mark.parametrize(("change", "expected"), [(edited, 9), (cut, 6)])
def test_a_file_that_changes_while_it_is_read_is_found(
    log: Log, history: Path, change: Callable[[Path], None], expected: int
) -> None:
    """No line is recorded that was not in the checked file."""
    approve(log, BATCH, manifest_of(history))

    def tamper(lines: int, _events: int) -> None:
        # A file so small is read at once, so it is changed just before it is read again.
        if lines == 0:
            change(history)

    with pytest.raises(SourceDiffers):
        importer(log).run(BATCH, history, Watcher(recorded=tamper))
    imported = [each.event for each in recorded(log) if each.envelope.origin]
    assert imported == [_unit(f"U{number}") for number in range(expected)]
    last = own(log)[-1]
    assert isinstance(last, ImportChunkRecorded)
    assert last.line_to == expected


def test_lines_that_cannot_be_imported_are_told_before_anything_is_recorded(
    log: Log, tmp_path: Path
) -> None:
    """The digest was approved without a check: the check before the import finds it."""
    sound = written(tmp_path / "sound", units(1))
    path = written(tmp_path / "file", [*units(1), *unit_lines("U2", person="a b")])
    digest = sha256(path.read_bytes()).hexdigest()
    approve(log, BATCH, msgspec.structs.replace(manifest_of(sound), source=digest))
    told: list[Checked] = []
    with pytest.raises(SourceDefective) as caught:
        importer(log).run(BATCH, path, Watcher(found=told.append))
    assert (caught.value.facts["line"], caught.value.facts["code"]) == (2, "field_invalid")
    assert [finding.line for finding in told[0].findings] == [2]
    assert log.head().position == 2


def test_a_stream_of_the_ledger_is_not_begun_again(log: Log, history: Path) -> None:
    """What is in the ledger is told with its line, before anything is recorded."""
    append(log, "unit/U7", _unit("U7"))
    approve(log, BATCH, manifest_of(history))
    with pytest.raises(StreamTaken) as caught:
        importer(log).run(BATCH, history)
    assert caught.value.facts == {"line": 8, "stream": "unit/U7", "found": 1}
    assert log.head().position == 3


def test_a_stream_that_somebody_begins_meanwhile_stops_the_import(log: Log, history: Path) -> None:
    """The chunk is not recorded, the batch stays running, and the line is told."""
    approve(log, BATCH, manifest_of(history))

    def meanwhile(lines: int, _events: int) -> None:
        if lines == 3:
            append(log, "unit/U7", _unit("U7"))

    with pytest.raises(StreamTaken) as caught:
        importer(log).run(BATCH, history, Watcher(recorded=meanwhile))
    assert caught.value.facts["line"] == 8
    assert [each for each in own(log) if isinstance(each, ImportChunkRecorded)][-1].line_to == 6
    assert list(verify(log)) == []


def test_a_delegation_must_be_known(log: Log, tmp_path: Path) -> None:
    """A line may cite a delegation of the file or of the ledger; otherwise nobody could judge it."""
    path = written(tmp_path / "file", unit_lines("U1", delegation="DG-1"))
    approve(log, BATCH, manifest_of(path))
    with pytest.raises(UnknownReference):
        importer(log).run(BATCH, path)
    assert log.head().position == 2


def test_somebody_else_ends_the_import(log: Log, history: Path) -> None:
    """A batch that is given up while it runs gets no further line."""
    approve(log, BATCH, manifest_of(history))

    def meanwhile(lines: int, _events: int) -> None:
        if lines == 6:
            append(log, STREAM, ImportAbandoned())

    with pytest.raises(VersionStale):
        importer(log).run(BATCH, history, Watcher(recorded=meanwhile))
    assert sum(1 for each in recorded(log) if each.envelope.origin) == 6


def test_nothing_is_imported_under_a_clock_that_runs_behind(log: Log, history: Path) -> None:
    """The recorded time never goes back; a step of less than a second counts as standing still."""
    approve(log, BATCH, manifest_of(history))
    assert log.head().recorded_at == NOW
    with pytest.raises(ClockBehind):
        importer(log, now="2029-06-01T01:59:58.999999Z").run(BATCH, history)
    importer(log, now="2029-06-01T01:59:59.500000Z").run(BATCH, history)
    assert log.head().recorded_at == NOW
