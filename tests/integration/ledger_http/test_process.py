"""The ledger as a process: stopped, killed, overloaded, started again (P1, P4, P20, P24)."""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random

import httpx2
import pytest

from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import verify
from support.ledger_service import GROUP, Caller, process, served


def test_it_tells_its_first_key_once(tmp_path: Path) -> None:
    """A founded ledger prints the administrator's key; a later start prints none."""
    with process(tmp_path) as first:
        with Caller(first.address, first.token) as administrator:
            assert administrator.register("A").status_code == 201
        assert first.stop() < 5
        assert first.process.returncode == 0
    with process(tmp_path) as second:
        assert second.token == "-"
        with Caller(second.address, first.token) as administrator:
            assert administrator.get("/v1/head").json()["position"] == 4


def test_a_directory_has_one_process(tmp_path: Path) -> None:
    """A second process on the same directory does not start."""
    with process(tmp_path), pytest.raises(AssertionError, match="did not start"):
        process(tmp_path).__enter__()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_time_with_streams_open_and_commands_coming(
    tmp_path: Path, number: int
) -> None:
    """P24: below 5 s; whatever was answered as recorded is there, whatever is there is whole."""
    with process(tmp_path) as running, ExitStack() as stack:
        administrator = stack.enter_context(Caller(running.address, running.token))
        subscriber = administrator.caller("SUB", ["subscriber"])
        streams = []
        for _ in range(8):
            answer = stack.enter_context(subscriber.client.stream("GET", "/v1/events/stream"))
            lines = answer.iter_lines()
            next(lines)
            streams.append(lines)
        recorded: list[tuple[str, int]] = []

        def write(name: int) -> None:
            for turn in range(10_000):
                unit = f"U{name}-{turn}"
                try:
                    answer = administrator.register(unit)
                except httpx2.HTTPError:
                    return
                if answer.status_code == 201:
                    recorded.append((f"unit/{unit}", answer.json()["positions"][0]))

        writers = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for writer in writers:
            writer.start()
        while len(recorded) < 20:
            time.sleep(0.01)
        assert running.stop(number) < 5
        for writer in writers:
            writer.join()
        assert running.process.returncode == 0
    log = open_log(tmp_path, writing=False)
    for stream, position in recorded:
        assert log.entries(position - 1, 1)[0].stream == stream
    assert list(verify(log)) == []
    log.close()


@pytest.mark.faults
def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """P1, P4: killed amid commands; clients repeat with the same key and lose nothing."""
    chance = Random(20260101)
    answers: dict[str, bytes] = {}
    token = None
    for cycle in range(6):
        with process(tmp_path) as running:
            token = token or running.token
            with Caller(running.address, token) as administrator, ThreadPoolExecutor(4) as pool:
                units = [f"C{number}" for number in range(60 * (cycle + 1))]
                enough = len(answers) + chance.randrange(12, 40)
                for unit, answer in zip(units, pool.map(_tried(administrator), units), strict=True):
                    if answer is not None:
                        assert answers.setdefault(unit, answer) == answer
                    if len(answers) == enough:
                        # Whatever the other clients are in the middle of.
                        running.process.kill()
                running.process.wait()
    with process(tmp_path) as running, Caller(running.address, token or "") as administrator:
        for unit, answer in answers.items():
            again = administrator.register(unit, key=unit)
            assert (again.content, again.headers["Idempotency-Replayed"]) == (answer, "true")
    log = open_log(tmp_path, writing=False)
    assert list(verify(log)) == []
    assert len(answers) > 60
    log.close()


def _tried(administrator: Caller) -> Callable[[str], bytes | None]:
    def register(unit: str) -> bytes | None:
        try:
            answer = administrator.register(unit, key=unit)
        except httpx2.HTTPError:
            return None
        return answer.content if answer.status_code == 201 else None

    return register


def test_overload_is_told_early_and_accepted_work_is_done(tmp_path: Path) -> None:
    """P20: a full queue answers 429 with Retry-After; who got 201 is in the log, nobody else."""
    with served(tmp_path, queue_max=4, batch_max=2) as running:
        administrator = running.administrator
        with ThreadPoolExecutor(32) as pool:
            names = [f"O{number}" for number in range(300)]
            answers = dict(zip(names, pool.map(administrator.register, names), strict=True))
        full = [answer for answer in answers.values() if answer.status_code == 429]
        done = {name for name, answer in answers.items() if answer.status_code == 201}
        assert {answer.status_code for answer in answers.values()} == {201, 429}
        assert {answer.json()["code"] for answer in full} == {"queue_full"}
        assert {answer.headers["Retry-After"] for answer in full} == {"1"}
        recorded = {stored.stream for stored in running.ledger.log.entries(3, 1000)}
        assert recorded == {f"unit/{name}" for name in done}
        # The same key may be tried again: being turned away is not an answer that stays.
        turned_away = next(name for name in names if name not in done)
        assert administrator.post(f"/v1/units/{turned_away}/register", GROUP).status_code == 201
