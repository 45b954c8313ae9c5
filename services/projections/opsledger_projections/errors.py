"""What can go wrong on the read side.

ProjectionsError
├── FeedOutOfOrder   the feed gave another position than the next one
├── FeedForged       the entries do not have the root that the ledger states
├── EntryUnreadable  the feed gave bytes that are no envelope
├── TablesUnwritable the tables could not be written; nothing was
│   ├── TablesInUse  another process writes them
│   ├── TablesStale  they were made for other versions of the views
│   ├── TablesDivided they are divided into parts, and were to be written as a whole
│   ├── PartsDiffer  they are divided into another number of parts
│   └── TablesReplaced another generation is served in their place
├── TablesUnreadable the database of the tables gives no answer
├── ExtraMissing     the settings ask for a database whose driver is not installed
├── FollowingFailed  the program itself failed while following
├── RebuildUnderWay  a second rebuild was asked for while one is under way
└── ClockUnreadable  the file of a scripted clock holds no instant
"""


class ProjectionsError(Exception):
    """Base of the errors of this service."""


class FeedOutOfOrder(ProjectionsError):
    """The feed gave another position than the next one."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(f"the feed gave position {found}, expected {expected}")
        self.expected = expected
        self.found = found


class FeedForged(ProjectionsError):
    """The entries that were fed do not have the root that the ledger states."""

    def __init__(self, *, position: int, expected: str, found: str) -> None:
        super().__init__(
            f"at position {position} the entries have root {found}, the ledger states {expected}"
        )
        self.position = position


class EntryUnreadable(ProjectionsError):
    """The feed gave bytes that are no envelope: this is no entry of a ledger."""

    def __init__(self, *, position: int, detail: str) -> None:
        super().__init__(f"the entry at position {position} is no envelope: {detail}")
        self.position = position


class TablesUnwritable(ProjectionsError):
    """The tables could not be written, for want of space, disk or server; nothing was."""


class TablesInUse(TablesUnwritable):
    """Another process writes these tables; each that writes all of them needs its own."""


class TablesStale(TablesUnwritable):
    """The tables were made for other versions of the views, and somebody else serves them."""


class TablesDivided(TablesUnwritable):
    """The tables are divided into parts, which are followed by processes of their own."""

    def __init__(self, parts: int) -> None:
        super().__init__(
            f"the tables are divided into {parts} parts; serve them with --no-follow, or stop all "
            "processes that follow, and run: opsledger projections divide --into 1"
        )


class PartsDiffer(TablesUnwritable):
    """The tables are divided into another number of parts than the process was told."""

    def __init__(self, *, found: int, expected: int) -> None:
        super().__init__(
            f"the tables are divided into {found} parts, not {expected}; stop all processes that "
            f"follow, and run: opsledger projections divide --into {expected}"
        )


class TablesReplaced(TablesUnwritable):
    """Another generation of tables is served in the place of these."""


class TablesUnreadable(ProjectionsError):
    """The database of the tables gives no answer at this moment."""


class ExtraMissing(ProjectionsError):
    """The settings ask for a database whose driver is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"this needs the extra: pip install 'opsledger-projections[{extra}]'")


class FollowingFailed(ProjectionsError):
    """The program itself failed while following; its log says more."""


class RebuildUnderWay(ProjectionsError):
    """A second rebuild was asked for while one is under way."""


class ClockUnreadable(ProjectionsError):
    """The file of a scripted clock is missing or does not hold one instant."""
