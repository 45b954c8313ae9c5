"""The read side fed from the delivery copy: every entry in order, whatever the broker does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import pytest

from opsledger.cluster.nats import NatsCluster
from opsledger_ledger.feed.relay import Relay
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import FeedForged
from opsledger_projections.following.feed import FeedEntry, FeedHead
from opsledger_projections.following.nats_feed import NatsFeed
from support.disputed_score import DisputedScore
from support.eventually import eventually
from support.feeds import MemoryLedger
from support.relayed_ledgers import Broker, MemoryLog, copy_violations, relaying

WAIT_S = 10.0


class Ledger:
    """The ledger over HTTP in the place of which a log in memory stands; counts its pages."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self.pages = 0
        self.closed = False

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read a page, and count it."""
        self.pages += 1
        self._log.wait_for_head(after, wait_s)
        return [FeedEntry(each.position, each.entry) for each in self._log.entries(after, limit)]

    def head(self) -> FeedHead:
        """Tell where the log stands."""
        head = self._log.head()
        return FeedHead(position=head.position, root=head.root.hex())

    def close(self) -> None:
        """Remember that it was given back."""
        self.closed = True


@pytest.fixture
def log() -> MemoryLog:
    """A ledger of 2,500 entries."""
    made = MemoryLog()
    made.append(2_500)
    return made


@dataclass(frozen=True)
class Copy:
    """A feed from a stream of the broker, and the ledger behind it."""

    log: MemoryLog
    ledger: Ledger
    feed: NatsFeed
    broker: Broker
    stream: str
    url: str

    def make(self) -> None:
        """Let a relay fill the stream with all that the ledger has."""
        with relaying(self.relay()):
            self.broker.wait_for(self.stream, self.log.head().position)

    def relay(self) -> Relay:
        """Give a relay into the stream."""
        return Relay(self.log, self.url, self.stream)

    def publish(self, *entries: bytes) -> None:
        """Make the stream without a relay, and put entries into it."""
        subjects = [f"{self.stream}.>"]
        self.broker.create(self.stream, subjects=subjects, allow_direct=True, num_replicas=3)
        self.broker.publish(f"{self.stream}.x", *entries)


@pytest.fixture
def copy(cluster: NatsCluster, broker: Broker, stream: str, log: MemoryLog) -> Iterator[Copy]:
    """A ledger of 2,500 entries, of which the stream has none yet."""
    ledger = Ledger(log)
    feed = NatsFeed(cluster.url, stream, ledger)
    yield Copy(log, ledger, feed, broker, stream, cluster.url)
    feed.close()
    assert ledger.closed


def read_to(feed: NatsFeed, position: int, limit: int = 1_000) -> list[tuple[int, bytes]]:
    """Read pages until a position is reached."""
    found: list[tuple[int, bytes]] = []
    while not found or found[-1][0] < position:
        page = feed.page(found[-1][0] if found else 0, limit, WAIT_S)
        assert len(page) <= limit
        found += [(fed.position, fed.entry) for fed in page]
    return found


def test_pages_come_from_the_copy_alone(copy: Copy) -> None:
    """In pages of any size, in order, without a question to the ledger but where it stands."""
    copy.make()

    for limit in (7, 1_000):
        assert copy_violations(read_to(copy.feed, 2_500, limit), copy.log) == []
    assert copy.ledger.pages == 0
    assert copy.feed.head() == copy.ledger.head()


def test_who_waits_gets_the_next_entry_from_the_copy(copy: Copy) -> None:
    """A reader that waits is woken by the relay."""
    with relaying(copy.relay()):
        copy.broker.wait_for(copy.stream, 2_500)
        writer = Timer(0.2, copy.log.append, [1])
        writer.start()
        page = copy.feed.page(2_500, 10, WAIT_S)
        writer.join()

    assert [fed.position for fed in page] == [2_501]
    assert copy.ledger.pages == 0


def test_what_the_copy_has_not_got_comes_from_the_ledger(copy: Copy) -> None:
    """Without a relay the copy falls behind, and without a stream there is none: nothing is missed."""
    assert copy_violations(read_to(copy.feed, 2_500), copy.log) == []
    assert copy.ledger.pages > 0
    copy.make()
    copy.log.append(10)

    assert copy_violations(read_to(copy.feed, 2_510), copy.log) == []
    assert copy.feed.page(2_510, 10, 0) == []


def test_a_broker_that_comes_late_is_used_then(tmp_path: Path, log: MemoryLog) -> None:
    """While there is no broker the ledger gives everything; soon after, it is spared."""
    ledger = Ledger(log)
    with NatsCluster(tmp_path, 1) as alone:
        server = alone.servers[0]
        server.kill()
        feed = NatsFeed(alone.url, "opsledger", ledger)
        assert copy_violations(read_to(feed, 2_500), log) == []
        server.restart()
        with relaying(Relay(log, alone.url, "opsledger", replicas=1)):
            Broker(alone.url).wait_for("opsledger", 2_500)

            def spared() -> bool:
                before = ledger.pages
                assert feed.page(0, 10, 0)
                return ledger.pages == before

            eventually(spared, WAIT_S)
        feed.close()


def test_a_hole_in_the_stream_is_not_passed_over(copy: Copy) -> None:
    """Where somebody's stream misses a message, the ledger gives the entry."""
    copy.publish(*(each.entry for each in copy.log.entries(0, 5)))
    copy.broker.drop(copy.stream, 3)

    assert [fed.position for fed in copy.feed.page(0, 1_000, WAIT_S)] == [1, 2]
    assert copy.ledger.pages == 0
    assert [fed.position for fed in copy.feed.page(2, 1, WAIT_S)] == [3]
    assert copy.ledger.pages == 1


@pytest.mark.parametrize("altered", [0, 1], ids=["the ledger's", "a forged one"])
def test_views_are_built_from_the_copy_and_a_forged_copy_is_found(
    copy: Copy, tmp_path: Path, altered: int
) -> None:
    """The ledger's root decides: a copy with one entry changed stops the read side."""
    ledger: MemoryLedger = DisputedScore().tell().ledger
    entries = list(ledger.entries)
    if altered:
        entries[40] = entries[40].replace(b'"id":"00000000', b'"id":"00000001', 1)
        assert entries[40] != ledger.entries[40]
    copy.publish(*entries)
    feed = NatsFeed(copy.url, copy.stream, ledger)
    with open_projections(ProjectionsSettings(directory=tmp_path), feed) as opened:
        follower = opened.follower
        eventually(lambda: follower.caught_up or follower.failure is not None, WAIT_S)

        if altered:
            assert isinstance(follower.failure, FeedForged)
        else:
            assert follower.checked_position == len(entries)


def test_settings_name_one_broker_at_most(tmp_path: Path) -> None:
    """The addresses come from the setting or from a file, with passwords that are never shown."""
    file = tmp_path / "nats"
    file.write_text("nats://reader:hidden@127.0.0.1:4222\n", encoding="utf-8")
    given = "nats://127.0.0.1:1,nats://127.0.0.1:2"

    assert ProjectionsSettings(directory=tmp_path).nats() is None
    assert ProjectionsSettings(directory=tmp_path, nats_url=given).nats() == given
    settings = ProjectionsSettings(directory=tmp_path, nats_url_file=file)
    assert settings.nats() == "nats://reader:hidden@127.0.0.1:4222"
    both = ProjectionsSettings(directory=tmp_path, nats_url="nats://x:secret@y", nats_url_file=file)
    assert "secret" not in repr(both)
    with pytest.raises(ValueError, match="at most one"):
        both.nats()
