"""The feed over HTTP, against a real ledger on loopback."""

from pathlib import Path

import pytest

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.following.feed import FeedEntry, FeedUnreachable
from opsledger_projections.following.http_feed import HttpFeed
from opsledger_projections.views.catalogue import VIEWS
from support.eventually import eventually
from support.ledger_service import served


def test_pages_hold_the_exact_bytes_of_the_entries(tmp_path: Path) -> None:
    """The root over what was fed is the ledger's root; pages follow each other without a gap."""
    with served(tmp_path) as service:
        for number in range(5):
            service.administrator.register(f"U-{number}")
        reader = service.administrator.caller("reader", ["subscriber"])
        feed = HttpFeed(reader.address, reader.token)
        fed: list[FeedEntry] = []
        while page := feed.page(len(fed), 3, 0):
            assert len(page) <= 3
            fed += page
        assert [entry.position for entry in fed] == list(range(1, len(fed) + 1))
        frontier = Frontier()
        frontier.extend([leaf_hash(entry.entry) for entry in fed])
        head = feed.head()
        assert (head.position, head.root) == (len(fed), frontier.root().hex())
        stored = service.ledger.log.entries(0, 1_000)
        assert [entry.entry for entry in fed] == [entry.entry for entry in stored]
        feed.close()


def test_an_empty_page_was_waited_for(tmp_path: Path) -> None:
    """Nothing new: the page is empty after the wait, and no error."""
    with served(tmp_path) as service:
        reader = service.administrator.caller("reader", ["auditor"])
        feed = HttpFeed(reader.address, reader.token)
        assert list(feed.page(feed.head().position, 10, 1)) == []
        feed.close()


@pytest.mark.parametrize("token", ["opl_nobody_0123456789abcdef0123", "nonsense"])
def test_a_ledger_that_lets_nobody_in_is_unreachable(tmp_path: Path, token: str) -> None:
    """A refused key is told with the ledger's own words."""
    with served(tmp_path) as service:
        feed = HttpFeed(service.administrator.address, token)
        with pytest.raises(FeedUnreachable, match="credential_invalid"):
            feed.page(0, 10, 0)
        with pytest.raises(FeedUnreachable, match="401"):
            feed.head()
        feed.close()


def test_no_ledger_is_unreachable(unused_address: str) -> None:
    """Nobody answers at the address."""
    feed = HttpFeed(unused_address, "opl_nobody_0123456789abcdef0123")
    with pytest.raises(FeedUnreachable):
        feed.head()
    feed.close()


def test_a_read_side_follows_a_served_ledger(tmp_path: Path) -> None:
    """What is commanded at the ledger is read at the read side, checked by its root."""
    with served(tmp_path / "ledger") as service:
        reader = service.administrator.caller("reader", ["subscriber"])
        key_file = tmp_path / "reader.key"
        key_file.write_text(reader.token + "\n", encoding="ascii")
        settings = ProjectionsSettings(
            directory=tmp_path / "projections",
            ledger_url=reader.address,
            ledger_key_file=key_file,
        )
        with open_projections(settings) as opened:
            answer = service.administrator.register("U-1")
            assert answer.status_code == 201
            position = service.ledger.log.head().position
            eventually(lambda: opened.follower.checked_position >= position)
            with opened.served.reading() as tables:
                assert tables.read(VIEWS["units"], "U-1:2026-01-01", position) is not None
                assert tables.parked() == []
