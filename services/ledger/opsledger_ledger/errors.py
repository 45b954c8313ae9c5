"""What can be wrong with a ledger service, other than a refusal or a failing log.

    LedgerError
    ├── ClockUnreadable     the file of the scripted clock holds no instant
    ├── ClockMismatch       the ledger was founded with the other kind of clock
    ├── NameMismatch        the directory holds another ledger than the one configured
    └── NotFounded          the directory has entries, but does not begin with a founding

Refusals (`opsledger_contracts.problems`) are answers and not errors; what the storage fails at has
its own tree in `recording.log`.
"""


class LedgerError(Exception):
    """The service cannot start, or cannot go on."""


class ClockUnreadable(LedgerError):
    """The file of the scripted clock holds no instant."""


class ClockMismatch(LedgerError):
    """The ledger was founded with the other kind of clock."""


class NameMismatch(LedgerError):
    """The directory holds another ledger than the one configured."""


class NotFounded(LedgerError):
    """The directory has entries, but does not begin with a founding."""
