"""What can be wrong with a ledger service, other than a refusal or a failing log.

    LedgerError
    ├── ClockUnreadable     the file of the scripted clock holds no instant
    ├── ClockMismatch       the ledger was founded with the other kind of clock
    ├── NameMismatch        the directory holds another ledger than the one configured
    ├── NotFounded          the directory has entries, but does not begin with a founding
    ├── ExtraMissing        what is configured needs a library that is not installed
    └── RelayError
        ├── BrokerUnreachable   the broker gave no answer, or refused; the relay tries again
        ├── StreamForeign       the broker's stream holds something else than this ledger
        └── StreamUnfit         the broker's stream may lose messages, or has lost some

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


class ExtraMissing(LedgerError):
    """What is configured needs the libraries of an extra that is not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"install the extra for this: opsledger[{extra}]")


class RelayError(LedgerError):
    """The delivery copy on the broker cannot be kept, or not now."""


class BrokerUnreachable(RelayError):
    """The broker gave no answer, or refused; what was under way may be done or not."""


class StreamForeign(RelayError):
    """The broker's stream holds something else than this ledger, and must not be added to."""


class StreamUnfit(RelayError):
    """The broker's stream may lose messages, or has lost some; it has to be made anew."""
