"""How a ledger begins, and whether one that is opened is the one that is configured."""

import secrets
import string
from hashlib import sha256
from typing import Final

from opsledger_contracts.codec import decode
from opsledger_contracts.events.ledger import LedgerFounded
from opsledger_contracts.evidence.commitment import SALT_BYTES
from opsledger_ledger.clock import Clock, ScriptedClock, SystemClock
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.domain.deciding import Act
from opsledger_ledger.domain.ledger import Administrator, found
from opsledger_ledger.errors import ClockMismatch, NameMismatch, NotFounded
from opsledger_ledger.ledger import AdministratorKey
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.envelopes import SYSTEM, EventIds
from opsledger_ledger.writing.writer import Writer

SECRET_CHARACTERS: Final = 43
"""More than 250 bits in letters and digits."""

_ALPHABET: Final = string.ascii_letters + string.digits


def new_secret() -> str:
    """Draw the secret of an API key."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_CHARACTERS))


def clock_of(settings: LedgerSettings) -> Clock:
    """Give the clock that is configured.

    Raises:
        ClockUnreadable: the file of the scripted clock holds no instant.

    """
    if settings.clock_file is not None:
        return ScriptedClock(settings.clock_file)
    return SystemClock()


def found_ledger(writer: Writer, settings: LedgerSettings, clock: Clock) -> AdministratorKey:
    """Record the first entries of a ledger; gives the key of its administrator.

    Raises:
        AppendRefused: it has entries already.

    """
    key = AdministratorKey(credential=settings.administrator, secret=new_secret())
    administrator = Administrator(
        person=settings.administrator,
        name=settings.administrator,
        salt=secrets.token_bytes(SALT_BYTES),
        credential=key.credential,
        secret_hash=sha256(key.secret.encode()).hexdigest(),
    )
    now = clock.now()
    act = Act(
        target=settings.name,
        person=SYSTEM,
        now=now,
        occurred_at=now,
        command_id=EventIds().next(now),
        salt=administrator.salt,
    )
    writer.found(act, found(settings.name, settings.title, clock.kind, administrator))
    return key


def require_same(log: Log, settings: LedgerSettings) -> None:
    """Require that a log begins with the founding of the ledger that is configured."""
    founding = founding_of(log, settings)
    if founding.name != settings.name:
        raise NameMismatch(
            f"{settings.place} holds the ledger {founding.name!r}, not {settings.name!r}"
        )
    require_clock(founding, settings)


def founding_of(log: Log, settings: LedgerSettings) -> LedgerFounded:
    """Read how the ledger of a log was founded."""
    first = log.entries(0, 1)
    founding = decode(first[0].entry).event if first else None
    if not isinstance(founding, LedgerFounded):
        raise NotFounded(f"the first entry in {settings.place} is not a founding")
    return founding


def require_clock(founding: LedgerFounded, settings: LedgerSettings) -> None:
    """Require that a ledger was founded with the kind of clock that is configured.

    Raises:
        ClockMismatch: it was founded with the other one.

    """
    if founding.clock != settings.clock:
        raise ClockMismatch(
            f"the ledger was founded with the {founding.clock} clock and cannot be opened with the "
            f"{settings.clock} clock"
        )
