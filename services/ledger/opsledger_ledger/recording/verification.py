"""The verifier of a whole log: recomputes everything from the entries and trusts no column.

It finds what an edit of the database leaves behind. Whoever may rewrite the whole log can
rebuild it without a trace; only a checkpoint kept elsewhere tells (evidence.md, section 1).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import TILE_HEIGHT, Frontier, leaf_hash
from opsledger_contracts.evidence.tiles import level_size
from opsledger_ledger.recording.attributes import Attributes, attributes, mistyped
from opsledger_ledger.recording.log import Finding, Head, Log, RecordingError, Stored

PAGE_ENTRIES: Final = 1_000
PAGE_BYTES: Final = 4 * 1024 * 1024

STREAMS_REMEMBERED: Final = 65_536
"""Streams whose last leaf is kept; for others the previous entry is read again."""

POSITION = "gapless position"
CHAIN = "stream chain"
HEAD = "head"
TIME = "time bracket"
LEAF = "leaf"
TILE = "tile"
COLUMN = "column"
FORM = "canonical form"
STORAGE = "storage"

Progress = Callable[[int, int], None]
"""Called with the last position read and the head's position, once a page."""


def verify(log: Log, progress: Progress | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a log, by ascending position; nothing at all if it is sound.

    Findings about the log as a whole, with position 0, come last. Memory does not grow with
    the log.
    """
    try:
        yield from _Verifier(log).run(progress)
    except RecordingError as error:
        yield Finding(STORAGE, 0, "database", "readable", str(error))


class _Verifier:
    """What one run has seen so far: the tree, the time, the last leaf of many streams."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._position = 0
        self._recorded_at = ""
        self._frontier = Frontier()
        self._last_leaves: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def run(self, progress: Progress | None) -> Iterator[Finding]:
        """Read the log to its end, then ask the database about itself.

        The log may grow meanwhile. A head is read after the entries before it, so it is
        never behind them unless somebody has put it there.
        """
        after = 0
        while True:
            page = self._page(after)
            if page and not isinstance(page, Finding):
                yield from self._check_page(page)
                after = page[-1].position
                if progress is not None:
                    progress(after, max(after, self._log.head().position))
                continue
            head = self._log.head()
            if isinstance(page, Finding):
                yield page
                break
            if head.position <= after or not self._log.entries(after, 1):
                break
        yield from self._check_head(head)
        yield from self._log.verify_storage()

    def _page(self, after: int) -> Sequence[Stored] | Finding:
        """Return the next entries, or where the database stops being readable."""
        try:
            return self._log.entries(after, PAGE_ENTRIES, PAGE_BYTES)
        except RecordingError as error:
            failure = error
        # One unreadable entry fails its whole page; read singly up to the first of them.
        try:
            if page := self._log.entries(after, 1):
                return page
        except RecordingError as error:
            failure = error
        return Finding(STORAGE, after + 1, "entry", "readable", str(failure))

    def _check_page(self, page: Sequence[Stored]) -> Iterator[Finding]:
        leaves: list[bytes] = []
        for stored in page:
            yield from self._check_position(stored.position)
            column = mistyped(stored)
            if column is not None:
                found = type(getattr(stored, column)).__name__
                yield Finding(COLUMN, stored.position, column, "its declared type", found)
                leaves.append(leaf_hash(b""))
                continue
            leaf = leaf_hash(stored.entry)
            leaves.append(leaf)
            if leaf != stored.leaf:
                yield Finding(LEAF, stored.position, "leaf", leaf.hex(), stored.leaf.hex())
            yield from self._check_entry(stored, leaf)
        for level, number, computed in self._frontier.extend(leaves):
            kept = self._log.tile_hashes(level, number, 1)
            if kept != [computed]:
                position = (number + 1) << (TILE_HEIGHT * level)
                found = kept[0].hex() if kept else "absent"
                yield Finding(TILE, position, f"tile hash {level}/{number}", computed.hex(), found)

    def _check_position(self, position: int) -> Iterator[Finding]:
        self._position += 1
        if position != self._position:
            yield Finding(POSITION, self._position, "position", str(self._position), str(position))
            self._position = position

    def _check_entry(self, stored: Stored, leaf: bytes) -> Iterator[Finding]:
        position = stored.position
        try:
            said = attributes(stored.entry)
            again = canonical(msgspec.json.decode(stored.entry))
        except (msgspec.MsgspecError, UnicodeError) as error:
            yield Finding(FORM, position, "entry", "an envelope", str(error))
            return
        if again != stored.entry:
            where = _first_difference(again, stored.entry)
            yield Finding(FORM, position, "entry", "canonical form", f"differs at byte {where}")
        for field, of_entry, of_column in (
            ("stream", said.stream, stored.stream),
            ("version", str(said.version), str(stored.version)),
            ("type", said.type, stored.type),
        ):
            if of_entry != of_column:
                yield Finding(COLUMN, position, field, of_entry, of_column)
        if said.recorded_at < self._recorded_at:
            expected = f"{self._recorded_at} or later"
            yield Finding(TIME, position, "recordedtime", expected, said.recorded_at)
        else:
            self._recorded_at = said.recorded_at
        yield from self._check_chain(position, said)
        self._remember(said.stream, said.version, leaf.hex())

    def _check_chain(self, position: int, said: Attributes) -> Iterator[Finding]:
        """Compare ``prev`` with the entry before it in its stream, whatever its position."""
        found = said.previous_leaf or "absent"
        if said.version == 1:
            expected = "absent"
        else:
            before = self._leaf_of(said.stream, said.version - 1)
            if before is None:
                expected = f"an entry of version {said.version - 1}"
                yield Finding(CHAIN, position, "streamversion", expected, str(said.version))
                return
            expected = before
        if found != expected:
            yield Finding(CHAIN, position, "prev", expected, found)

    def _leaf_of(self, stream: str, version: int) -> str | None:
        """Return the recomputed leaf of a stream's entry, or None if there is none."""
        remembered = self._last_leaves.get(stream)
        if remembered is not None and remembered[0] == version:
            return remembered[1]
        found = self._log.stream_entries(stream, version - 1, 1)
        if not found or found[0].version != version or mistyped(found[0]) is not None:
            return None
        return leaf_hash(found[0].entry).hex()

    def _remember(self, stream: str, version: int, leaf: str) -> None:
        self._last_leaves[stream] = (version, leaf)
        self._last_leaves.move_to_end(stream)
        if len(self._last_leaves) > STREAMS_REMEMBERED:
            self._last_leaves.popitem(last=False)

    def _check_head(self, head: Head) -> Iterator[Finding]:
        size = self._frontier.size
        if head.position != size:
            yield Finding(HEAD, 0, "position", str(size), str(head.position))
        if head.frontier != self._frontier.to_bytes():
            expected = self._frontier.to_bytes().hex()
            yield Finding(HEAD, 0, "frontier", expected, head.frontier.hex())
        if head.recorded_at != self._recorded_at:
            yield Finding(HEAD, 0, "recorded_at", self._recorded_at, head.recorded_at)
        level = 1
        while level_size(size, level - 1):
            beyond = self._log.tile_hashes(level, level_size(size, level), 1)
            # A log that grew meanwhile may have it by right.
            if beyond and level_size(self._log.head().size, level) == level_size(size, level):
                field = f"tiles of level {level}"
                yield Finding(TILE, 0, field, "none beyond the tree", beyond[0].hex())
            level += 1


def _first_difference(one: bytes, other: bytes) -> int:
    """Return the first offset at which two byte strings differ."""
    for offset, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return offset
    return min(len(one), len(other))
