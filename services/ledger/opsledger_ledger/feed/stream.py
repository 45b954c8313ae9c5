"""The feed as server-sent events: one frame per entry, many frames per write."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from opsledger_ledger.feed.pages import Feed, Page, Selection
from opsledger_ledger.feed.signal import HeadSignal

FRAMES_MAX: Final = 500
"""Frames in one write."""

HEARTBEAT_S: Final = 15.0
HEARTBEAT: Final = b": heartbeat\n\n"


async def frames(
    feed: Feed, signal: HeadSignal, selection: Selection, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """Send everything of a selection from its position on, then follow the ledger until it stops.

    The `id` of a frame is the position, so that a browser resumes by itself. Where a selection
    leaves entries out, an empty frame tells how far it has come.
    """
    yield b"retry: 1000\n\n"
    told = selection.after
    selection = msgspec.structs.replace(selection, limit=FRAMES_MAX)
    while not signal.closed:
        page = feed.recent(selection)
        if page is None:
            page = await asyncio.to_thread(feed.page, selection)
        if page.entries:
            told = page.entries[-1].position
            yield frames_of(page)
        selection = msgspec.structs.replace(selection, after=page.after)
        if page.after < page.head:
            continue
        if not await signal.beyond(page.after, heartbeat_s) and not signal.closed:
            if page.after > told:
                told = page.after
                yield b"id: %d\n\n" % told
            else:
                yield HEARTBEAT


def frames_of(page: Page) -> bytes:
    """Write the entries of a page as frames; an entry has no line break of its own."""
    return b"".join(
        b"id: %d\ndata: %b\n\n" % (stored.position, stored.entry) for stored in page.entries
    )
