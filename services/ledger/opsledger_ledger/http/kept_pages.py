"""Pages of the feed that can never change, kept as they were written.

Subscribers of one ledger read the same pages, and one page below the head is the same for ever: it
is read from the log, digested and written once. The bytes that are kept have a bound, beyond which
the pages longest unread go first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

KEPT_BYTES_MAX: Final = 32 * 1024 * 1024


@dataclass(frozen=True)
class WrittenPage:
    """A page in one form: its bytes, and the headers that go with them."""

    body: bytes
    etag: str
    headers: dict[str, str]

    @cached_property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they are sent, with the tag and the length."""
        told = self.headers | {"ETag": self.etag, "Content-Length": str(len(self.body))}
        return [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in told.items()
        ]


class KeptPages:
    """Written pages by question and form; used by one event loop."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._pages: OrderedDict[tuple[bytes, str], WrittenPage] = OrderedDict()

    def find(self, question: bytes, media_type: str) -> WrittenPage | None:
        """Find the page that answers a query string, if it is kept."""
        place = question, media_type
        page = self._pages.get(place)
        if page is not None:
            self._pages.move_to_end(place)
        return page

    def keep(self, question: bytes, media_type: str, page: WrittenPage) -> None:
        """Keep a page that answers a query string for ever."""
        place = question, media_type
        before = self._pages.pop(place, None)
        if before is not None:
            self._bytes -= len(before.body)
        self._pages[place] = page
        self._bytes += len(page.body)
        while self._bytes > self._bytes_max:
            _, dropped = self._pages.popitem(last=False)
            self._bytes -= len(dropped.body)
