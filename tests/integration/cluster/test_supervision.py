"""Parts of a cluster are started in order, started again when they end, and stopped in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from opsledger.cluster import parts, supervision
from opsledger.cluster.errors import ProcessNotReady, Stopped
from opsledger.cluster.parts import ServicePart
from opsledger.cluster.secret_files import SecretFiles
from opsledger.cluster.supervision import Supervisor
from support.eventually import eventually


@dataclass
class Doll:
    """A part that does as it is told."""

    name: str
    told: list[str]
    fails: int = 0
    """How many starts fail from now on."""
    runs: bool = False
    log: Path = field(default=Path("doll.log"))
    address: str = "nowhere"
    health: str = ""
    process_id: int | None = None

    def running(self) -> bool:
        """Tell whether it runs."""
        return self.runs

    def healthy(self) -> bool:
        """Tell whether it runs."""
        return self.runs

    def start(self) -> None:
        """Run, or fail."""
        self.told.append(f"{self.name} started")
        if self.fails:
            self.fails -= 1
            raise ProcessNotReady(self.name, "ended", self.log)
        self.runs = True

    def wait_ready(self) -> None:
        """Do not wait."""

    def stop(self) -> None:
        """Run no more."""
        self.told.append(f"{self.name} stopped")
        self.runs = False


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long here."""
    monkeypatch.setattr(supervision, "WATCH_S", 0.005)
    monkeypatch.setattr(supervision, "BACKOFF_FIRST_S", 0.01)


@dataclass
class Watched:
    """A supervisor at work, and what it said."""

    supervisor: Supervisor
    stopping: Event
    said: list[str]
    changes: list[int]


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A supervisor that watches until the test ends."""
    said: list[str] = []
    changes: list[int] = []
    stopping = Event()
    supervisor = Supervisor(said.append, stopping, lambda: changes.append(1))
    watcher = Thread(target=supervisor.watch)
    watcher.start()
    yield Watched(supervisor, stopping, said, changes)
    stopping.set()
    watcher.join()


def test_parts_stop_in_the_opposite_order(watched: Watched) -> None:
    """What was started last, and may need the others, is stopped first."""
    told: list[str] = []
    watched.supervisor.start(Doll("a", told), Doll("b", told, runs=True))
    watched.supervisor.start(Doll("c", told))
    watched.stopping.set()
    watched.supervisor.stop()

    assert told == ["a started", "c started", "c stopped", "b stopped", "a stopped"]
    assert [part.name for part in watched.supervisor.parts] == ["a", "b", "c"]


def test_a_part_that_ends_is_started_again_with_growing_pauses(watched: Watched) -> None:
    """Each end is told, each failed start too, and the pauses double until it holds."""
    doll = Doll("a", [])
    watched.supervisor.start(doll)
    doll.fails = 2
    doll.runs = False
    eventually(lambda: len(watched.said) == 6)

    assert watched.said == [
        "a has ended, is started again in 0.01 s; see doll.log",
        "a ended; see doll.log",
        "a has ended, is started again in 0.02 s; see doll.log",
        "a ended; see doll.log",
        "a has ended, is started again in 0.04 s; see doll.log",
        "a is back at nowhere",
    ]
    assert doll.runs
    assert watched.changes == [1]


def test_nothing_is_started_once_all_is_to_stop(watched: Watched) -> None:
    """Ctrl-C during the start ends it between two parts."""
    told: list[str] = []
    watched.stopping.set()
    with pytest.raises(Stopped):
        watched.supervisor.start(Doll("a", told))
    assert told == []


def test_a_service_that_does_not_become_ready_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended, with its complaint in the log; or it takes longer than it may."""
    broken = ServicePart("broken", tmp_path / "broken.log", ["ledger", "serve"])
    broken.stop()
    broken.start()
    with pytest.raises(ProcessNotReady, match="broken ended"):
        broken.wait_ready()
    assert broken.process_id is None
    assert "exactly one of --directory" in broken.log.read_text(encoding="utf-8")

    monkeypatch.setattr(parts, "READY_S", 0.0)
    slow = ServicePart("slow", tmp_path / "slow.log", ["ledger", "serve", "-d", tmp_path / "l"])
    slow.start()
    with pytest.raises(ProcessNotReady, match="was not ready after 0 s"):
        slow.wait_ready()
    assert slow.process_id is not None
    monkeypatch.setattr(parts, "STOP_S", 0.0)
    slow.stop()
    assert not slow.running()


def test_secrets_are_made_once_and_are_their_owners(tmp_path: Path) -> None:
    """Passwords and keys stay over restarts, addresses are written anew; nobody else reads them."""
    first, second = SecretFiles(tmp_path / "secrets"), SecretFiles(tmp_path / "secrets")
    assert first.password("role") == second.password("role")
    assert first.key("personal.key").read_bytes() == second.key("personal.key").read_bytes()
    assert len(second.key("personal.key").read_bytes()) == 32
    first.write("nats.url", "one")
    assert second.write("nats.url", "two").read_text(encoding="utf-8") == "two\n"
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
