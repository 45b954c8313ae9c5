"""Pages that are kept once written: the same answer, only for those who may have it, within bounds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger_ledger.http.kept_pages import KeptPages, WrittenPage
from support.ledger_service import Served, served

LINES = "application/x-ndjson"


def page(size: int) -> WrittenPage:
    """A page of some bytes."""
    return WrittenPage(b"x" * size, f'"{size}"', {})


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    """A ledger with some units and an auditor."""
    with served(tmp_path / "ledger") as running:
        for number in range(5):
            running.administrator.register(f"U{number}")
        running.administrator.caller("AU", ["auditor"])
        yield running


def test_the_pages_longest_unread_go_first() -> None:
    """The bound is on bytes; reading a page makes it young again."""
    kept = KeptPages(bytes_max=100)
    kept.keep(b"a", LINES, page(40))
    kept.keep(b"b", LINES, page(40))
    assert kept.find(b"a", LINES) == page(40)

    kept.keep(b"c", LINES, page(40))

    assert kept.find(b"b", LINES) is None
    assert kept.find(b"a", LINES) == kept.find(b"c", LINES) == page(40)


def test_a_page_that_is_kept_twice_counts_once() -> None:
    """Two readers who ask at the same moment do not take the room of two pages."""
    kept = KeptPages(bytes_max=100)
    for _ in range(5):
        kept.keep(b"a", LINES, page(40))
    kept.keep(b"b", LINES, page(40))
    assert kept.find(b"a", LINES) == page(40)


def test_a_page_larger_than_the_bound_is_not_kept() -> None:
    """What does not fit is written anew each time, and leaves room for what fits."""
    kept = KeptPages(bytes_max=100)
    kept.keep(b"a", LINES, page(101))
    kept.keep(b"b", LINES, page(100))
    assert kept.find(b"a", LINES) is None
    assert kept.find(b"b", LINES) == page(100)


def test_one_question_in_two_forms_is_two_pages() -> None:
    """The form belongs to the question."""
    kept = KeptPages()
    kept.keep(b"a", LINES, page(1))
    assert kept.find(b"a", "application/cloudevents-batch+json") is None


def test_a_kept_page_says_the_same_under_a_moving_head(service: Served) -> None:
    """Bytes, tag and links stay; the position of the ledger is the present one."""
    auditor = service.administrator.others[0]
    path = "/v1/events?after=1&limit=3"
    first = auditor.get(path, Accept=LINES)
    service.administrator.register("later")
    again = auditor.get(path, Accept=LINES)

    assert again.content == first.content
    moving = {"date", "ledger-position"}
    assert {name: value for name, value in again.headers.items() if name not in moving} == {
        name: value for name, value in first.headers.items() if name not in moving
    }
    head = service.ledger.log.head().position
    assert int(again.headers["Ledger-Position"]) == head
    assert int(first.headers["Ledger-Position"]) == head - 1


def test_a_kept_page_is_counted_like_any_other(service: Served) -> None:
    """And a caller who has it already is told so, not sent it again."""
    auditor = service.administrator.others[0]
    path = "/v1/events?after=1&limit=3"
    (tag,) = {auditor.get(path).headers["ETag"] for _ in range(4)}
    assert auditor.get(path, If_None_Match=tag).status_code == 304
    service.administrator.caller("OP", ["operator"])
    text = service.administrator.others[1].get("/metrics").text
    counted = 'opsledger_requests_total{method="GET",route="/v1/events",status="%d"} %s'
    assert counted % (200, 4.0) in text
    assert counted % (304, 1.0) in text


def test_a_page_at_the_head_is_never_kept(service: Served) -> None:
    """A page that may still grow is read again each time."""
    auditor = service.administrator.others[0]
    path = "/v1/events?after=1&limit=1000"
    before = len(auditor.get(path, Accept=LINES).content.splitlines())
    service.administrator.register("later")
    assert len(auditor.get(path, Accept=LINES).content.splitlines()) == before + 1


def test_a_kept_page_is_for_nobody_without_a_key(service: Served) -> None:
    """The key is asked before anything is looked up."""
    auditor = service.administrator.others[0]
    path = "/v1/events?after=1&limit=3"
    assert auditor.get(path).status_code == 200
    assert auditor.get(path, Authorization="").status_code == 401
    assert service.administrator.get(path).status_code == 403
