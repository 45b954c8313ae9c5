"""Building tables in several processes: each takes in every entry and folds its share.

Each process writes its rows into the same tables as a part with a position of its own, and goes on
there when it is begun again; the parts are joined where they all stand at one position.
"""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Final, cast

from opsledger_projections.errors import FollowingFailed
from opsledger_projections.following.feed import Feed, FeedEntry, FeedUnreachable, gathered
from opsledger_projections.following.follower import BATCH_PAGES, PAGE_ENTRIES_MAX
from opsledger_projections.following.interpreter import collector_paused
from opsledger_projections.following.parts import Part, division
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.port import Opening, Tables
from opsledger_projections.views.catalogue import VIEWS

BATCHES_AHEAD: Final = 2
"""Batches that a process has been sent and not yet projected."""
STOP_S: Final = 10
"""Longest wait for a process to end that was told to."""


def build(feed: Feed, tables: Tables, count: int, position_last: int) -> Iterator[int]:
    """Build the tables of all views up to a position in `count` processes.

    Tables that were left half-built are gone on with, in as many processes as began.

    Yields:
        The position that all parts have reached, each time one of them came further.

    Raises:
        FeedUnreachable: the ledger gave no page.
        FollowingFailed: a process failed, or the parts do not fit together.

    """
    begun = sorted(tables.parts())
    count = Part.read(begun[0]).count if begun else count
    with _workers(tables.opening(), count) as workers:
        sent = [_answered(worker) for worker in workers]
        reached = list(sent)
        while min(reached) < position_last:
            read = min(sent)
            if read < position_last and _ready(sent, reached):
                batch = _batch(feed, read, position_last)
                for number, worker in enumerate(workers):
                    own = [fed for fed in batch if fed.position > sent[number]]
                    if own:
                        worker.send((own[0].position, [fed.entry for fed in own]))
                        sent[number] = own[-1].position
                continue
            waiting = [
                worker for worker, to, at in zip(workers, sent, reached, strict=True) if to > at
            ]
            for ended in wait(waiting):
                number = workers.index(cast("Connection", ended))
                reached[number] = _answered(workers[number])
            yield min(reached)
    tables.join()


def _ready(sent: Sequence[int], reached: Sequence[int]) -> bool:
    """Tell whether no process has been sent too much that it has not projected yet."""
    ahead = BATCHES_AHEAD * BATCH_PAGES * PAGE_ENTRIES_MAX
    return max(to - at for to, at in zip(sent, reached, strict=True)) < ahead


def _batch(feed: Feed, after: int, position_last: int) -> list[FeedEntry]:
    left = position_last - after
    limit = min(PAGE_ENTRIES_MAX, left)
    batch = gathered(feed, after, min(BATCH_PAGES, left // limit), limit, 0)
    if not batch:
        raise FeedUnreachable(f"the feed ends at {after}, before the served tables")
    return batch


@contextmanager
def _workers(opening: Opening, count: int) -> Iterator[list[Connection]]:
    """Run one process for each part; they end with the block, whatever they were doing."""
    context = get_context("spawn")
    processes = []
    ends: list[Connection] = []
    try:
        for number in range(1, count + 1):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work,
                args=(opening, Part(number, count), theirs),
                name=f"rebuild {number}",
                daemon=True,
            )
            process.start()
            theirs.close()
            processes.append(process)
            ends.append(ours)
        yield ends
        for end in ends:
            end.send(None)
        for process in processes:
            process.join(STOP_S)
    finally:
        for end in ends:
            end.close()
        for process in processes:
            # Whatever a process was writing is one transaction.
            process.kill()
            process.join()


def _answered(worker: Connection) -> int:
    try:
        answer = worker.recv()
    except EOFError as error:
        raise FollowingFailed("a process of the rebuild ended") from error
    if isinstance(answer, str):
        raise FollowingFailed(answer)
    assert isinstance(answer, int)
    return answer


def _work(opening: Opening, part: Part, parent: Connection) -> None:
    """Project what the parent sends into one part, and tell the position after each batch."""
    # Ctrl-C goes to the whole group; the parent ends its processes itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        views = list(VIEWS.values())
        tables = opening(views, str(part))
        try:
            share = division(views, part.count)[part.number - 1]
            projector = Projector(share.views, tables, share)
            parent.send(projector.position)
            with collector_paused():
                while (batch := parent.recv()) is not None:
                    first, entries = batch
                    projector.project(
                        [FeedEntry(first + place, entry) for place, entry in enumerate(entries)]
                    )
                    parent.send(projector.position)
        finally:
            tables.close()
    except EOFError:
        return  # The parent cancelled the rebuild.
    except Exception as error:  # noqa: BLE001 - the parent raises it, whatever it is.
        parent.send(f"{type(error).__name__}: {error}")
