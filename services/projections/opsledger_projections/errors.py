"""What can go wrong on the read side.

ProjectionsError
├── FeedOutOfOrder   the feed gave another position than the next one
├── FeedForged       the entries do not have the root that the ledger states
├── EntryUnreadable  the feed gave bytes that are no envelope
├── TablesUnwritable the tables could not be written; nothing was
│   └── TablesInUse  another process writes them
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
    """Another process writes these tables; each needs a schema of its own."""


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
