"""The single writer: one thread that decides and records all commands, many in one commit.

Whoever calls `submit` gets an answer exactly once, whatever becomes of the caller: a commit is
never cancelled, and a command that was accepted into the queue is decided. Commands of one batch
are decided one after the other, each on the effects of those before it, and become durable
together.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from traceback import format_exception
from typing import Final, NamedTuple

import structlog
from msgspec import Struct

from opsledger_contracts.events.ledger import PersonalDataErased
from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import Refusal, Unavailable
from opsledger_ledger.clock import Clock, instant_of_recording
from opsledger_ledger.domain.deciding import Act, Record
from opsledger_ledger.domain.executing import decide
from opsledger_ledger.recording import log as port
from opsledger_ledger.writing.command_queue import Deliver
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.submission import (
    Accepted,
    Answer,
    Outcome,
    RecordedEvent,
    Refused,
    Submission,
    Trace,
    from_kept_form,
    kept_form,
)

QUEUE_MAX: Final = 1_024
BATCH_MAX: Final = 256

CATCH_UP_STEP: Final = 5_000
"""Entries that are folded before it is asked again whether that is still wanted."""

BEHIND_MAX: Final = 5_000
"""Entries of other processes that are caught up with while the head is locked."""


class Committed(NamedTuple):
    """What became durable with one commit."""

    position: int
    """The last position of the ledger."""
    streams: frozenset[str]
    """Streams that have new events."""
    entries: tuple[port.Stored, ...]
    """What this process has recorded, in order of position."""
    commands: int
    seconds: float
    """From the lock on the head to the end of the commit."""
    teller: int = 0
    """Under which number the database tells others of it; see `Log.teller`."""


class Pending(NamedTuple):
    """A submission, and who takes its outcome."""

    submission: Submission
    deliver: Deliver


class Observer(Struct, frozen=True):
    """Who is told of what the writer does, on the thread that writes."""

    committed: Callable[[Committed], None] = lambda _committed: None
    """Told before the answers of the commit go out."""
    answered: Callable[[], None] = lambda: None
    """Told when all answers of a commit have gone out."""
    failed: Callable[[str], None] = lambda _reason: None
    """The storage failed; nothing more can be written, and the process must stop."""


class Writer:
    """The one writer of a ledger; runs a thread of its own between `start` and `close`."""

    def __init__(
        self,
        log: port.Log,
        clock: Clock,
        state: DecidingState,
        observer: Observer,
        *,
        queue_max: int = QUEUE_MAX,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._log = log
        self._clock = clock
        self._state = state
        self._observer = observer
        self._queue_max = queue_max
        self._batch_max = batch_max
        self._queue: deque[Pending] = deque()
        self._in_flight: set[tuple[str, str]] = set()
        self._changed = Condition()
        self._closing = False
        self._failure: str | None = None
        self._recorded: list[port.Stored] = []
        self._instant: str | None = None
        self._thread = Thread(target=self._run, name="ledger-writer", daemon=True)
        self._logger = structlog.get_logger("opsledger.writer")

    def start(self) -> None:
        """Read what the log holds, then begin to take commands on a thread.

        Raises:
            RecordingError: the log cannot be read.

        """
        self.catch_up()
        self._thread.start()

    def catch_up(self, wanted: Callable[[], bool] = lambda: True) -> bool:
        """Read the log as far as the state does not know it; tells whether that was done.

        It is given up when, asked from time to time, `wanted` says no.

        Raises:
            RecordingError: the log cannot be read.

        """
        head = self._log.head().position
        while self._state.position < head:
            if not wanted():
                return False
            self._state.catch_up(self._log, min(self._state.position + CATCH_UP_STEP, head))
        self._state.settle()
        return True

    def close(self) -> None:
        """Take no more commands, decide those that wait, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def queue_length(self) -> int:
        """The number of commands that wait."""
        return len(self._queue)

    @property
    def failure(self) -> str | None:
        """Why nothing more can be written, once the storage has failed."""
        return self._failure

    def ready(self) -> bool:
        """Tell whether commands are taken at this moment."""
        return self._thread.is_alive() and not self._closing and self._failure is None

    def submit(self, submission: Submission, deliver: Deliver) -> None:
        """Put a command on the queue; its outcome goes to `deliver` once.

        Raises:
            QueueFull: too many commands wait.
            IdempotencyKeyInFlight: a command under the same key waits or is being decided.
            LedgerStopping: the writer is closing.
            StorageUnavailable: the storage has failed.

        """
        place = submission.person, submission.key
        with self._changed:
            if self._failure is not None:
                raise general.StorageUnavailable(detail=self._failure)
            if self._closing:
                raise general.LedgerStopping
            if place in self._in_flight:
                raise general.IdempotencyKeyInFlight(key=submission.key)
            if len(self._queue) >= self._queue_max:
                raise general.QueueFull(limit=self._queue_max)
            self._in_flight.add(place)
            self._queue.append(Pending(submission, deliver))
            self._changed.notify()

    def execute(self, submission: Submission) -> Outcome:
        """Submit a command and wait for its outcome.

        Raises:
            Refusal: as `submit` says.

        """
        future: Future[Outcome] = Future()
        self.submit(submission, future.set_result)
        return future.result()

    def found(self, act: Act, records: Sequence[Record]) -> None:
        """Record the first entries of a new ledger; before `start`.

        Raises:
            AppendRefused: the ledger has entries already.

        """
        with self._log.begin() as batch:
            if batch.head.position:
                raise port.AppendRefused("a ledger that has entries cannot be founded")
            with self._state.in_batch(batch):
                self._append(batch, act, records, Trace(correlation_id=act.command_id), 0)
        self._state.settle()

    def _run(self) -> None:
        while pending := self._drain():
            self.work(pending)

    def _drain(self) -> list[Pending]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            count = min(len(self._queue), self._batch_max)
            return [self._queue.popleft() for _ in range(count)]

    def work(self, pending: list[Pending]) -> None:
        """Commit a batch and answer everyone in it; keys within a batch are all different."""
        if self._failure is not None:
            self._refuse(pending, general.StorageUnavailable(detail=self._failure))
            return
        began = time.monotonic()
        self._recorded.clear()
        try:
            outcomes = self._commit([each.submission for each in pending])
        except (port.StorageFull, port.LogBusy) as error:
            self._state.undo()
            self._refuse(pending, general.StorageUnavailable(detail=str(error)))
        except port.OutcomeUnknown:
            self._state.undo()
            self._deliver(pending, [self._read_back(each.submission) for each in pending])
        except port.StorageFailed as error:
            # What was sent to the disk may come back when the log is opened again, so that the
            # outcome is unknown even though the commit was refused.
            self._fail(str(error))
            self._refuse(pending, general.OutcomeUnknown())
        except Exception as error:  # noqa: BLE001 - a fault of one rule must not stop the ledger.
            self._state.undo()
            self._isolate(pending, error)
        else:
            streams = self._state.settle()
            if streams:
                seconds = time.monotonic() - began
                entries = tuple(self._recorded)
                position, teller = self._state.position, self._log.teller
                self._observer.committed(
                    Committed(position, streams, entries, len(pending), seconds, teller)
                )
            self._deliver(pending, outcomes)

    def _isolate(self, pending: list[Pending], error: Exception) -> None:
        """Let a command that meets a fault of the program fail alone, without its batch."""
        if len(pending) > 1:
            for each in pending:
                self.work([each])
            return
        submission = pending[0].submission
        # As text: a renderer that shows local variables would show personal values.
        self._logger.error(
            "fault",
            command=submission.entry.name,
            command_id=submission.command_id,
            traceback="".join(format_exception(error)),
        )
        self._refuse(pending, general.LedgerFault(reference=submission.command_id))

    def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        places = [(each.person, each.key) for each in submissions]
        while True:
            with self._log.begin(places) as batch:
                position = batch.head.position
                if position - self._state.position <= BEHIND_MAX:
                    with self._state.in_batch(batch):
                        return self._decided(batch, submissions)
            # Others wait for the head: who is far behind catches up without it.
            streams = self._state.catch_up(self._log, position)
            self._observer.committed(Committed(position, streams, (), 0, 0.0))

    def _decided(self, batch: port.Batch, submissions: Sequence[Submission]) -> list[Outcome]:
        """Decide commands on the current state, one after the other."""
        outcomes = []
        position = batch.head.position
        self._state.catch_up(batch, position)
        self._instant = None
        for submission, stored in zip(submissions, batch.known, strict=True):
            if stored is not None:
                outcomes.append(_replayed(submission, stored, batch))
                continue
            answer, lasting = self._answer(batch, submission, position)
            if isinstance(answer, Accepted):
                position += len(answer.positions)
            if lasting:
                batch.put_answer(
                    submission.person, submission.key, submission.fingerprint, kept_form(answer)
                )
            outcomes.append(Outcome(answer))
        return outcomes

    def _answer(
        self, batch: port.Batch, submission: Submission, position: int
    ) -> tuple[Answer, bool]:
        """Decide and record one command; the flag says whether its key keeps the answer."""
        try:
            return self._accept(batch, submission, position), True
        except Unavailable as refusal:
            return Refused.of(refusal), False
        except Refusal as refusal:
            return Refused.of(refusal), True

    def _accept(self, batch: port.Batch, submission: Submission, position: int) -> Accepted:
        stream = submission.stream
        expected = submission.version_expected
        if expected is not None:
            found = self._state.world.version(stream)
            if found != expected:
                raise general.VersionStale(stream=stream, found=found, expected=expected)
        now = self._now()
        act = Act(
            target=submission.target,
            person=submission.person,
            now=now,
            occurred_at=submission.occurred_at or now,
            command_id=submission.command_id,
            scopes=submission.scopes,
            credential=submission.credential,
            position=submission.position,
            delegation=submission.delegation,
            reason=submission.reason,
            evidence=submission.evidence,
            salt=submission.salt,
        )
        decision = decide(submission.entry, submission.command, act, self._state.world)
        events = self._append(batch, decision.act, decision.records, submission.trace, position)
        return Accepted(
            stream=stream,
            version=self._state.world.version(stream),
            positions=tuple(event.position for event in events),
            events=events,
            recorded_at=now,
        )

    def _append(
        self,
        batch: port.Batch,
        act: Act,
        records: Sequence[Record],
        trace: Trace,
        position: int,
    ) -> tuple[RecordedEvent, ...]:
        """Append the events of one command after a position, and fold them."""
        enveloped = self._state.envelopes.encode(act, records, trace)
        leaves = batch.append([each.new for each in enveloped], act.now)
        events = []
        for each, leaf in zip(enveloped, leaves, strict=True):
            position += 1
            new = each.new
            self._state.fold(position, each.recorded, leaf)
            self._recorded.append(
                port.Stored(position, new.stream, new.version, new.type, new.entry, leaf)
            )
            events.append(
                RecordedEvent(
                    stream=new.stream,
                    type=new.type,
                    position=position,
                    version=new.version,
                    leaf=leaf.hex(),
                )
            )
        personal = [
            port.PersonalValue(value.person, value.commitment, act.salt, value.value.encode())
            for record in records
            for value in record.personal
        ]
        if personal:
            batch.put_personal(personal)
        for record in records:
            if isinstance(record.event, PersonalDataErased):
                batch.erase_personal(record.event.person)
        return tuple(events)

    def _now(self) -> str:
        """Tell the instant of recording, the same for all commands of a batch.

        Raises:
            ClockBehind: the clock was set back before the last entry.

        """
        if self._instant is None:
            self._instant = instant_of_recording(self._clock, self._state.recorded_at)
        return self._instant

    def _read_back(self, submission: Submission) -> Outcome:
        """Learn from the key table what became of a commit whose answer was lost."""
        try:
            stored = self._log.answer(submission.person, submission.key)
            if stored is not None:
                return _replayed(submission, stored, self._log)
        except port.RecordingError as error:
            self._logger.warning("answer not read back", reason=str(error))
        return Outcome(Refused.of(general.OutcomeUnknown()))

    def _fail(self, reason: str) -> None:
        with self._changed:
            self._failure = reason
        self._logger.error("storage failed", reason=reason)
        self._observer.failed(reason)

    def _refuse(self, pending: Sequence[Pending], refusal: Refusal) -> None:
        self._deliver(pending, [Outcome(Refused.of(refusal))] * len(pending))

    def _deliver(self, pending: Sequence[Pending], outcomes: Iterable[Outcome]) -> None:
        with self._changed:
            for each in pending:
                self._in_flight.discard((each.submission.person, each.submission.key))
        for each, outcome in zip(pending, outcomes, strict=True):
            each.deliver(outcome)
        self._observer.answered()


def _replayed(submission: Submission, stored: port.StoredAnswer, reads: port.Reads) -> Outcome:
    if stored.fingerprint != submission.fingerprint:
        return Outcome(Refused.of(general.IdempotencyKeyReused(key=submission.key)))
    return Outcome(from_kept_form(stored.answer, reads), replayed=True)
