"""The writer as the process that serves requests sees it: at the other end of a socket."""

import asyncio
import socket
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from threading import Lock, get_ident
from typing import Final, NamedTuple

import structlog

from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.recording.log import StorageFailed
from opsledger_ledger.writing.command_queue import Deliver
from opsledger_ledger.writing.submission import Outcome, Refused, Submission
from opsledger_ledger.writing.wire import (
    Answered,
    Asked,
    Frames,
    NotOpened,
    Open,
    Opened,
    Worked,
    asked,
    committed_of,
    framed,
    outcome_of,
    read_reply,
)
from opsledger_ledger.writing.writer import Observer
from opsledger_ledger.writing.writer_process import WriterProcess

RECEIVED_MAX: Final = 1024 * 1024

GONE: Final = "the process that writes has ended"


class _Waiting(NamedTuple):
    place: tuple[str, str]
    deliver: Deliver


class RemoteWriter:
    """Hands commands to the writing process, many at once, and its answers to those who asked.

    An event loop moves what goes over the socket, from `follow` until it is closed; `close` does so
    afterwards. The writing process commits before it answers, so that an answer here means what it
    means there. If it ends, what is in flight has an unknown outcome, and nothing more is taken.
    """

    def __init__(self, process: WriterProcess, observer: Observer, *, queue_max: int) -> None:
        self._process = process
        self._channel = process.channel
        self._observer = observer
        self._queue_max = queue_max
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._frames = Frames()
        self._numbers = count()
        self._lock = Lock()
        self._outbox: list[Asked] = []
        self._unsent = b""
        self._stuck = False
        self._waiting: dict[int, _Waiting] = {}
        self._in_flight: set[tuple[str, str]] = set()
        self._failure: str | None = None
        self._closing = False
        self._ended = False
        self._logger = structlog.get_logger("opsledger.writer")

    def open(self) -> Opened | NotOpened:
        """Have the ledger opened, and wait until it is.

        Raises:
            StorageFailed: the process ended instead of answering.

        """
        self._channel.setblocking(True)
        with suppress(OSError):
            self._channel.sendall(framed(Open()))
            while received := self._channel.recv(RECEIVED_MAX):
                for frame in self._frames.cut(received):
                    reply = read_reply(frame)
                    assert not isinstance(reply, Worked)
                    return reply
        raise StorageFailed(GONE)

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a loop move what goes over the socket; on the loop's thread."""
        self._channel.setblocking(False)
        self._loop = loop
        self._thread = get_ident()
        loop.add_reader(self._channel.fileno(), self._receive)
        self._send()

    @property
    def process_id(self) -> int:
        """The process that writes."""
        return self._process.process_id

    @property
    def queue_length(self) -> int:
        """The number of commands that wait or are being decided."""
        return len(self._waiting)

    def ready(self) -> bool:
        """Tell whether commands are taken at this moment."""
        return self._failure is None and not self._closing

    def submit(self, submission: Submission, deliver: Deliver) -> None:
        """Put a command on the queue; see `CommandQueue.submit`."""
        place = submission.person, submission.key
        question = asked(next(self._numbers), submission)
        with self._lock:
            if self._failure is not None:
                raise general.StorageUnavailable(detail=self._failure)
            if self._closing:
                raise general.LedgerStopping
            if place in self._in_flight:
                raise general.IdempotencyKeyInFlight(key=submission.key)
            if len(self._waiting) >= self._queue_max:
                raise general.QueueFull(limit=self._queue_max)
            self._in_flight.add(place)
            self._waiting[question.number] = _Waiting(place, deliver)
            self._outbox.append(question)
            first = len(self._outbox) == 1
        if first and self._loop is not None:
            # Later in the same turn of the loop, so that others who ask go along.
            if get_ident() == self._thread:
                self._loop.call_soon(self._send)
            else:
                self._loop.call_soon_threadsafe(self._send)

    def execute(self, submission: Submission) -> Outcome:
        """Submit a command and wait for its outcome; not on the thread of the loop."""
        future: Future[Outcome] = Future()
        self.submit(submission, future.set_result)
        return future.result()

    def close(self) -> None:
        """Have decided what waits, and end the process; the loop has ended before."""
        with self._lock:
            self._closing = True
        self._channel.setblocking(True)
        if not self._ended:
            self._send()
            self._channel.shutdown(socket.SHUT_WR)
        while not self._ended:
            self._receive()
        self._process.wait()

    def _send(self) -> None:
        """Send what waits to be sent, as far as the socket takes it."""
        with self._lock:
            questions, self._outbox = self._outbox, []
        if questions:
            self._unsent += framed(questions)
        while self._unsent and not self._ended:
            try:
                sent = self._channel.send(self._unsent)
            except BlockingIOError:
                break
            except OSError:
                # The end of the process is noticed where its answers are received.
                self._unsent = b""
                break
            self._unsent = self._unsent[sent:]
        if self._loop is not None and self._stuck != bool(self._unsent):
            self._stuck = bool(self._unsent)
            if self._stuck:
                self._loop.add_writer(self._channel.fileno(), self._send)
            elif not self._loop.is_closed():
                self._loop.remove_writer(self._channel.fileno())

    def _receive(self) -> None:
        """Take in what the process says."""
        try:
            received = self._channel.recv(RECEIVED_MAX)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._end()
            return
        for frame in self._frames.cut(received):
            reply = read_reply(frame)
            assert isinstance(reply, Worked)
            self._take(reply)

    def _take(self, worked: Worked) -> None:
        for commit in worked.commits:
            self._observer.committed(committed_of(commit))
        if worked.failure is not None and self._failure is None:
            self._fail(worked.failure)
        self._deliver(worked.answers)
        self._observer.answered()

    def _deliver(self, answers: tuple[Answered, ...]) -> None:
        with self._lock:
            waiting = [self._waiting.pop(answer.number) for answer in answers]
            self._in_flight.difference_update(each.place for each in waiting)
        for each, answer in zip(waiting, answers, strict=True):
            each.deliver(outcome_of(answer))

    def _end(self) -> None:
        """Take note that the process has ended, asked to or not."""
        self._ended = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._channel.fileno())
        with self._lock:
            waiting = list(self._waiting.values())
            self._waiting.clear()
            self._in_flight.clear()
        if not self._closing or waiting:
            self._fail(GONE)
        # What was in flight may have been committed, or not.
        unknown: Refusal = general.OutcomeUnknown()
        for each in waiting:
            each.deliver(Outcome(Refused.of(unknown)))

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failure = reason
        self._logger.error("writer failed", reason=reason)
        self._observer.failed(reason)
