"""The process that writes and the one that serves: neither outlives the other, nothing is lost."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from opsledger_contracts.problems import general
from opsledger_ledger.bootstrap.opening import open_ledger, open_served
from opsledger_ledger.bootstrap.writing import write_for
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.domain.deciding import COMMANDS
from opsledger_ledger.domain.unit import RegisterUnit
from opsledger_ledger.errors import NameMismatch
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.recording.log import LogInUse, Reads, StorageFailed
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import verify
from opsledger_ledger.writing import writer as writing_writer
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.remote_writer import GONE, RemoteWriter
from opsledger_ledger.writing.submission import Accepted, Outcome, Refused, Submission, Trace
from opsledger_ledger.writing.wire import Open, framed
from opsledger_ledger.writing.writer_process import WriterProcess
from support.eventually import eventually
from support.ledger_service import Caller, process

REGISTER = COMMANDS["unit", "register"]


def submission(unit: str, key: str | None = None) -> Submission:
    """A command that registers a unit."""
    return Submission(
        entry=REGISTER,
        command=RegisterUnit(type="group", name=unit, valid_from=date(2026, 1, 1)),
        target=unit,
        person="P-1",
        key=key or unit,
        fingerprint=unit.ljust(32).encode(),
        command_id=f"C-{unit}",
        trace=Trace(correlation_id="T"),
        scopes=frozenset(("administrator",)),
    )


class Threaded:
    """What stands in for a process: the same function on a thread of this one."""

    process_id = 0

    def __init__(self, settings: LedgerSettings) -> None:
        self.channel, theirs = socket.socketpair()
        self.status: int | None = None
        self._theirs = theirs
        self._thread = threading.Thread(target=self._run, args=(settings,))
        self._thread.start()

    def _run(self, settings: LedgerSettings) -> None:
        with self._theirs:
            self.status = write_for(settings, self._theirs)

    def wait(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def cut(self) -> None:
        """Let the connection end as the end of a process ends it."""
        self._theirs.shutdown(socket.SHUT_RDWR)


@dataclass
class Pair:
    """An open ledger with the two sides of its writer."""

    ledger: Ledger
    writer: RemoteWriter
    process: Threaded
    loop: asyncio.AbstractEventLoop
    failures: list[str] = field(default_factory=list)

    def ask(self, unit: str, key: str | None = None) -> Future[Outcome]:
        """Submit a command that registers a unit."""
        future: Future[Outcome] = Future()
        self.writer.submit(submission(unit, key), future.set_result)
        return future

    def follow(self) -> None:
        """Let the loop move what is said."""
        self.loop.call_soon_threadsafe(self.writer.follow, self.loop)


@contextmanager
def paired(directory: Path, **settings: Any) -> Iterator[Pair]:
    """A ledger whose writer is at the other end of a socket, with a loop that may follow it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    chosen = LedgerSettings(directory=directory, **settings)
    threaded = Threaded(chosen)
    failures: list[str] = []
    ledger, writer = open_served(chosen, cast("WriterProcess", threaded), failures.append)
    try:
        yield Pair(ledger, writer, threaded, loop, failures)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        ledger.close()
        threaded.channel.close()


def test_commands_go_over_and_answers_come_back(tmp_path: Path) -> None:
    """Recorded once each; feed, signal and tail know of it before the answer is there."""
    with paired(tmp_path) as pair:
        assert pair.ledger.administrator_key is not None
        early = pair.ask("EARLY")
        pair.follow()
        assert isinstance(early.result(10).answer, Accepted)
        with ThreadPoolExecutor(8) as pool:
            names = [f"U{number}" for number in range(60)]
            outcomes = list(pool.map(lambda name: pair.writer.execute(submission(name)), names))
        answers = [outcome.answer for outcome in outcomes]
        assert {type(answer) for answer in answers} == {Accepted}
        assert pair.ledger.signal.position == 64
        recent = pair.ledger.log.entries(3, 100)
        assert sorted(stored.stream for stored in recent[1:]) == sorted(f"unit/{n}" for n in names)
        again = pair.writer.execute(submission("U7"))
        assert again == Outcome(answers[7], replayed=True)
        assert pair.writer.ready()
        assert pair.writer.queue_length == 0
    assert pair.process.status == 0
    assert pair.failures == []
    log = open_log(tmp_path, writing=False)
    assert list(verify(log)) == []
    log.close()


def test_what_waits_at_the_end_is_decided(tmp_path: Path) -> None:
    """Closing takes no more, and lets nobody go without an answer."""
    with paired(tmp_path) as pair:
        waiting = [pair.ask(f"U{number}") for number in range(20)]
        pair.ledger.close()
        assert [type(each.result(0).answer) for each in waiting] == [Accepted] * 20
        with pytest.raises(general.LedgerStopping):
            pair.ask("LATE")
        assert not pair.writer.ready()


def test_a_key_in_flight_and_a_full_queue_are_told_at_once(tmp_path: Path) -> None:
    """As the writer itself does."""
    with paired(tmp_path, queue_max=2) as pair:
        pair.ask("A", key="K")
        with pytest.raises(general.IdempotencyKeyInFlight):
            pair.ask("B", key="K")
        pair.ask("C")
        with pytest.raises(general.QueueFull):
            pair.ask("D")


def test_the_end_of_the_writing_process_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    """What is in flight may be recorded or not; nothing more is taken, and the service must stop."""
    with paired(tmp_path) as pair:
        waiting = pair.ask("A")
        pair.process.cut()
        pair.follow()
        answer = waiting.result(10).answer
        assert isinstance(answer, Refused)
        assert answer.code == "outcome_unknown"
        eventually(lambda: bool(pair.failures))
        assert set(pair.failures) == {GONE}
        assert not pair.writer.ready()
        with pytest.raises(general.StorageUnavailable):
            pair.ask("B")


def test_more_than_the_socket_takes_waits_for_it(tmp_path: Path) -> None:
    """Nothing is dropped or mixed up when the other end is slow."""
    with paired(tmp_path, queue_max=5_000) as pair:
        pair.process.channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        pair.follow()
        waiting = [pair.ask(f"U{number}") for number in range(800)]
        assert {type(each.result(60).answer) for each in waiting} == {Accepted}


def test_what_opening_fails_with_comes_over(tmp_path: Path) -> None:
    """The same errors as without a process of its own."""
    settings = LedgerSettings(directory=tmp_path, name="north")
    open_ledger(settings).close()
    other = LedgerSettings(directory=tmp_path, name="south")
    threaded = Threaded(other)
    with pytest.raises(NameMismatch, match="'north', not 'south'"):
        open_served(other, cast("WriterProcess", threaded), print)
    threaded.wait()
    assert threaded.status == 1
    threaded.channel.close()
    with open_ledger(settings):
        threaded = Threaded(settings)
        with pytest.raises(LogInUse):
            open_served(settings, cast("WriterProcess", threaded), print)
        threaded.wait()
        threaded.channel.close()


def test_a_process_that_ends_while_it_opens_is_an_error(tmp_path: Path) -> None:
    """There is no ledger then, and nobody waits for one."""

    def fail(channel: socket.socket) -> int:
        channel.recv(1)
        raise RuntimeError("planted")

    settings = LedgerSettings(directory=tmp_path)
    with WriterProcess(fail) as failing, pytest.raises(StorageFailed, match=GONE):
        open_served(settings, failing, print)


def test_a_process_that_nobody_needs_ends(tmp_path: Path) -> None:
    """If serving fails before anything is open, nothing is founded."""
    threaded = Threaded(LedgerSettings(directory=tmp_path / "never"))
    threaded.channel.close()
    threaded.wait()
    assert threaded.status == 0
    assert not (tmp_path / "never").exists()


def test_a_long_start_is_given_up_when_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was to serve was killed while the log was read: the lock is free at once."""
    settings = LedgerSettings(directory=tmp_path)
    open_ledger(settings).close()
    monkeypatch.setattr(writing_writer, "CATCH_UP_STEP", 1)
    reached, gate = threading.Event(), threading.Event()
    catch_up = DecidingState.catch_up

    def slow(state: DecidingState, reads: Reads, position: int) -> None:
        reached.set()
        assert gate.wait(10)
        catch_up(state, reads, position)

    monkeypatch.setattr(DecidingState, "catch_up", slow)
    threaded = Threaded(settings)
    threaded.channel.sendall(framed(Open()))
    assert reached.wait(10)
    threaded.channel.close()
    gate.set()
    threaded.wait()
    assert threaded.status == 0
    open_log(tmp_path).close()


def alive(process_id: int) -> bool:
    """Tell whether a process is there and has not ended."""
    try:
        said = Path(f"/proc/{process_id}/stat").read_text("ascii")
        return said.rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def writer_of(process_id: int) -> int:
    """Find the one process that another one has started."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text("ascii").split()
    (child,) = children
    return int(child)


def test_the_writing_process_ends_with_the_serving_one(tmp_path: Path) -> None:
    """Killed without a warning: no process is left that holds the lock."""
    with process(tmp_path) as running:
        writer = writer_of(running.process.pid)
        running.process.kill()
        running.process.wait()
        eventually(lambda: not alive(writer))
    open_ledger(LedgerSettings(directory=tmp_path)).close()


def test_the_serving_process_ends_with_the_writing_one(tmp_path: Path) -> None:
    """It says so by its exit status; who was in flight is told that the outcome is unknown."""
    with process(tmp_path) as running, Caller(running.address, running.token) as administrator:
        writer = writer_of(running.process.pid)
        os.kill(writer, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(administrator.register, "A")
            time.sleep(0.3)
            os.kill(writer, signal.SIGKILL)
            answer = waiting.result(10)
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        assert answer.headers["Retry-After"] == "1"
        assert running.process.wait(10) == 1


def test_signals_to_stop_are_for_the_serving_process(tmp_path: Path) -> None:
    """A terminal sends them to both; the writing one goes on until it is not needed any more."""
    with process(tmp_path) as running, Caller(running.address, running.token) as administrator:
        writer = writer_of(running.process.pid)
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(writer, number)
        assert administrator.register("A").status_code == 201
        assert running.stop() < 5
        assert running.process.returncode == 0
        assert not alive(writer)
