"""The import of an approved file: chunk by chunk into the log, each chunk one commit.

A chunk is many lines, the event that says which lines they are, and with the last chunk the event
that closes the batch; they become durable together or not at all. So the batch itself tells how far
an import has come, and whoever runs it again goes on behind the last recorded line. The process may
be the only one on the storage, or one beside others that write to the same database.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.codec import decode_envelope
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.import_batch import (
    ImportBegun,
    ImportChunkRecorded,
    ImportCompleted,
)
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_contracts.problems.general import UnknownReference, UnknownThing, VersionStale
from opsledger_contracts.problems.import_batch import SourceDefective, SourceDiffers, StreamTaken
from opsledger_ledger.clock import Clock, instant_of_recording
from opsledger_ledger.domain.deciding import Act, Record
from opsledger_ledger.domain.import_batch import (
    ImportBatchState,
    evolve,
    require_manifest,
    require_source,
    require_status,
)
from opsledger_ledger.recording import log as port
from opsledger_ledger.writing.envelopes import (
    SCHEMA_PREFIX,
    SYSTEM,
    Enveloped,
    Envelopes,
    EventIds,
    StreamTails,
)
from opsledger_ledger.writing.import_checking import Checked, checked
from opsledger_ledger.writing.import_reading import RawLine, lines, opened, read_again
from opsledger_ledger.writing.submission import Trace
from opsledger_ledger.writing.world import folded

CHUNK_LINES: Final = 5_000
"""Lines of one commit: other writers of the same database wait for about as long as it takes."""

CHUNK_BYTES: Final = 16 * 1024 * 1024
"""Bytes of lines after which a chunk ends in any case."""

TAILS_MAX: Final = 200_000
"""Streams whose last leaf is kept in memory; far more than a chunk has lines."""


class Watcher(msgspec.Struct, frozen=True):
    """Who is told how far an import has come."""

    checked: Callable[[int], None] = lambda _read: None
    """Bytes of the file that have been checked."""
    found: Callable[[Checked], None] = lambda _checked: None
    """What the check has found, if that stands against the import."""
    recorded: Callable[[int, int], None] = lambda _lines, _events: None
    """Lines of the file that are in the ledger, and lines that it has."""


class Importer:
    """Imports approved files into one ledger; one import at a time."""

    def __init__(
        self,
        log: port.Log,
        clock: Clock,
        source: str,
        policy_hash: str,
        *,
        chunk_lines: int = CHUNK_LINES,
    ) -> None:
        self.log = log
        self.clock = clock
        self.source = source
        self.policy_hash = policy_hash
        self.chunk_lines = chunk_lines

    def run(self, batch: str, path: Path, watcher: Watcher | None = None) -> ImportBatchState:
        """Import a file as a batch from its first line, or go on where an import was interrupted.

        Raises:
            UnknownThing: there is no such batch.
            WrongState: it is not approved, was completed or abandoned.
            SourceDiffers: the file is not the approved one, or changes while it is read.
            SourceDefective: lines of it cannot be imported; nothing was recorded.
            StreamTaken: a stream that it begins is in the ledger already.
            UnknownReference: it cites a delegation that neither it nor the ledger has.
            VersionStale: somebody else imports or abandons the batch at the same time.
            ClockBehind: the clock was set back before the last entry.
            RecordingError: the log fails; what was committed stays, and the import may go on.
            OSError: the file cannot be read.

        """
        return _Run(self, batch).go(path, watcher or Watcher())


class _Run:
    """One import on its way: the state of the batch, and what the next entries build on."""

    def __init__(self, importer: Importer, batch: str) -> None:
        self._importer = importer
        self._log = importer.log
        self._batch = batch
        self._stream = f"{ImportBatchState.NOUN}/{batch}"
        state, self._version = folded(self._stream, self._log.history(self._stream))
        if state is None:
            raise UnknownThing(noun=NOUNS[ImportBatchState.NOUN].en, id=batch)
        self._state: ImportBatchState = state
        self._position = 0
        self._ids = EventIds()
        self._tails = StreamTails(self._read_leaf, TAILS_MAX)
        self._envelopes = Envelopes(
            importer.source,
            importer.policy_hash,
            lambda _stream: self._version,
            self._tails,
            self._ids,
        )

    def go(self, path: Path, watcher: Watcher) -> ImportBatchState:
        require_status(self._state, "approved", "running")
        fingerprints = self._fingerprints(path)
        if self._state.status == "approved":
            self._check(path, watcher)
            self._commit(())
        events = self._state.manifest.events
        watcher.recorded(self._state.lines, events)
        for chunk in self._chunks(path, fingerprints):
            self._commit(chunk)
            watcher.recorded(self._state.lines, events)
        return self._state

    def _fingerprints(self, path: Path) -> dict[int, str]:
        """Digest the file up to the last line of each chunk that is to come, and as a whole."""
        source = sha256()
        fingerprints = {}
        count = size = number = 0
        with opened(path) as file:
            for number, _, content in lines(file):
                source.update(content)
                if number > self._state.lines:
                    count += 1
                    size += len(content)
                if count == self._importer.chunk_lines or size >= CHUNK_BYTES:
                    fingerprints[number] = source.hexdigest()
                    count = size = 0
        fingerprints[number] = source.hexdigest()
        require_source(self._state, fingerprints[number])
        return fingerprints

    def _check(self, path: Path, watcher: Watcher) -> None:
        """Require that every line can be imported, before the first one is."""
        told = checked(path, self._importer.clock.now(), watcher.checked)
        if told.manifest is None:
            watcher.found(told)
            first = told.findings[0]
            raise SourceDefective(
                count=told.defects,
                line=first.line,
                code=first.code,
                detail_en=first.en,
                detail_zh=first.zh,
            )
        require_manifest(self._state, told.manifest)
        for stream, line in told.begun.items():
            self._require_new(stream, line)
        for delegation in told.delegations:
            stream = f"delegation/{delegation}"
            if stream not in told.begun and not self._log.stream_version(stream):
                raise UnknownReference(field="delegation", noun="delegation", id=delegation)

    def _require_new(self, stream: str, line: int) -> None:
        found = self._log.stream_version(stream)
        if found:
            raise StreamTaken(line=line, stream=stream, found=found)

    def _chunks(self, path: Path, fingerprints: Mapping[int, str]) -> Iterator[list[RawLine]]:
        """Read the lines that are not in the ledger yet; the file must still be the checked one."""
        done = self._state.lines
        source = sha256()
        chunk: list[RawLine] = []
        with opened(path) as file:
            for raw in lines(file):
                source.update(raw.content)
                if raw.number > done:
                    chunk.append(raw)
                if raw.number in fingerprints:
                    self._require_same(raw.number, fingerprints[raw.number], source.hexdigest())
                    yield chunk
                    chunk = []
        # A file that was cut off meanwhile ends before its last chunk does.
        self._require_same(self._state.lines, max(fingerprints), self._state.lines)

    def _require_same(self, line: int, expected: object, found: object) -> None:
        """Let nothing be recorded from a file that changes while it is read."""
        if found != expected:
            raise SourceDiffers(
                batch=self._batch,
                field=f"content up to line {line}",
                expected=expected,
                found=found,
            )

    def _commit(self, chunk: Sequence[RawLine]) -> None:
        """Record the lines of a chunk with what the batch says of them; without any, begin."""
        try:
            with self._log.begin() as batch:
                own = self._append(batch, chunk)
                self._position = batch.head.position
        except port.AppendRefused:
            # Somebody else has begun one of the streams since the check.
            for raw in chunk:
                line, _ = read_again(raw.content)
                if line.version == 1:
                    self._require_new(line.stream, raw.number)
            raise
        for each in own:
            self._state = evolve(self._state, each.recorded.event, each.recorded.envelope)
            self._version += 1

    def _append(self, batch: port.Batch, chunk: Sequence[RawLine]) -> list[Enveloped]:
        found = batch.stream_version(self._stream)
        if found != self._version:
            raise VersionStale(stream=self._stream, found=found, expected=self._version)
        head = batch.head
        if head.position != self._position:
            (last,) = batch.entries(head.position - 1, 1)
            self._ids.follow(decode_envelope(last.entry).id)
        now = instant_of_recording(self._importer.clock, head.recorded_at)
        command_id = self._ids.next(now)
        entries = [self._imported(raw, command_id, now) for raw in chunk]
        batch.append(entries, now)
        act = Act(
            target=self._batch, person=SYSTEM, now=now, occurred_at=now, command_id=command_id
        )
        records = [
            Record(event, self._stream, derived=True) for event in self._own(chunk, head.position)
        ]
        own = self._envelopes.encode(act, records, Trace(correlation_id=command_id))
        batch.append([each.new for each in own], now)
        return own

    def _imported(self, raw: RawLine, command_id: str, now: str) -> port.NewEntry:
        """Put one line into the envelope under which it is recorded."""
        line, event = read_again(raw.content)
        stream, version, authority = line.stream, line.version, line.authority
        envelope = Envelope(
            specversion="1.0",
            id=self._ids.next(now),
            source=self._importer.source,
            type=line.type,
            stream=stream,
            occurred_at=line.occurred_at,
            recorded_at=now,
            version=version,
            schema=f"{SCHEMA_PREFIX}{line.type}",
            command_id=command_id,
            correlation_id=command_id,
            person=line.person,
            acting_position=line.position,
            unit=line.unit,
            on_behalf_of=line.on_behalf_of,
            delegation=line.delegation,
            authority_matrix=authority.matrix if authority else None,
            authority_item=authority.item if authority else None,
            authority_step=authority.step if authority else None,
            policy_hash=self._importer.policy_hash,
            rulebook=line.rulebook,
            calendar=line.calendar,
            previous_leaf=self._tails.leaf(stream, version - 1).hex() if version > 1 else None,
            reason=line.reason,
            origin="import",
            import_batch=self._batch,
            data=msgspec.Raw(canonical(event)),
        )
        entry = canonical(envelope)
        self._tails.put(stream, version, leaf_hash(entry))
        return port.NewEntry(stream, version, line.type, entry)

    def _own(self, chunk: Sequence[RawLine], position: int) -> Iterator[Event]:
        """Tell what happens to the batch with a chunk that is recorded after a position."""
        if not chunk:
            yield ImportBegun()
            return
        last, events = position + len(chunk), self._state.manifest.events
        yield ImportChunkRecorded(
            line_from=chunk[0].number,
            line_to=chunk[-1].number,
            chunk_from=position + 1,
            chunk_to=last,
        )
        if chunk[-1].number == events:
            yield ImportCompleted(
                events=events,
                position_from=self._state.position_from or position + 1,
                position_to=last,
            )

    def _read_leaf(self, stream: str, version: int) -> bytes:
        return self._log.stream_entries(stream, version - 1, 1)[0].leaf
