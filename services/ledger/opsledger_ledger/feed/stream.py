"""The feed as server-sent events: one frame per entry, many frames per write."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from opsledger_ledger.feed.live import LiveEnd, Push
from opsledger_ledger.feed.pages import Feed, Selection
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.recording.log import Stored

FRAMES_MAX: Final = 500
"""Frames in one write."""

HEARTBEAT_S: Final = 15.0
HEARTBEAT: Final = b": heartbeat\n\n"


async def frames(
    feed: Feed,
    signal: HeadSignal,
    live: LiveEnd,
    selection: Selection,
    push: Push | None,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """Send everything of a selection from its position on, then follow the ledger until it stops.

    What comes while the reader is at the live end goes through `push`, if the server offers it; all
    else is yielded. The `id` of a frame is the position, so that a browser resumes by itself. Where
    a selection leaves entries out, an empty frame tells how far it has come.
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
            yield frames_of(page.entries)
        selection = msgspec.structs.replace(selection, after=page.after)
        if page.after < page.head:
            continue
        follower = live.join(selection, push) if push is not None else None
        if follower is None:
            silent = not await signal.beyond(page.after, heartbeat_s)
        else:
            try:
                silent = await follower.followed(heartbeat_s)
            finally:
                live.leave(selection, follower)
            told = max(told, follower.told)
            selection = msgspec.structs.replace(selection, after=follower.position)
        if silent and not signal.closed:
            if selection.after > told:
                told = selection.after
                yield b"id: %d\n\n" % told
            else:
                yield HEARTBEAT


def frames_of(entries: Sequence[Stored]) -> bytes:
    """Write entries as frames; an entry has no line break of its own."""
    return b"".join([b"id: %d\ndata: %b\n\n" % (each.position, each.entry) for each in entries])
