"""The measured commands as the writer takes them, without HTTP, and a ledger to send them to."""

import hashlib
import secrets
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import msgspec
from benchmarks.requests import CYCLE, GROUP, HOLDER, POSITION

from opsledger_contracts.canonical import canonical
from opsledger_ledger.bootstrap import open_ledger
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.http.commands import routes
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.submission import Accepted, Outcome, Submission, Trace

_DAY: Final = "2026-01-01"
_ROUTES: Final = routes()

_PREPARATION: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("units", GROUP, "register", {"type": "group", "name": "华翔集团", "valid_from": _DAY}),
    ("persons", HOLDER, "register", {"name": HOLDER}),
    (
        "positions",
        POSITION,
        "define",
        {"unit": GROUP, "title": "运营主管", "tier": "supervisor", "functions": ["ops"]},
    ),
    ("positions", POSITION, "appoint", {"person": HOLDER, "valid_from": _DAY}),
)


WAITING: Final = 64
"""Commands that wait for the writer at any time."""

KEYS: Final = 8
"""API keys that the clients take in turns."""

_SECRET: Final = "s" * 43
"""The secret of ledgers that are thrown away after the measurement."""

TOKENS: Final = tuple(f"opl_K{number}_{_SECRET}" for number in range(KEYS))


def prepared(directory: Path) -> Ledger:
    """Open a new ledger with a group, a position with its holder, and API keys for everything."""
    ledger = open_ledger(LedgerSettings(directory=directory))
    key = {
        "person": HOLDER,
        "title": "of a measurement",
        "scopes": ("administrator", "writer", "subscriber", "auditor"),
        "secret_hash": hashlib.sha256(_SECRET.encode()).hexdigest(),
    }
    issuing = (("credentials", f"K{number}", "issue", key) for number in range(KEYS))
    for number, (plural, target, verb, body) in enumerate((*_PREPARATION, *issuing)):
        answer = ledger.writer.execute(
            _submission(plural, target, verb, body, key=f"preparation-{number}", position=None)
        ).answer
        assert isinstance(answer, Accepted), answer
    return ledger


def append(ledger: Ledger, name: str, commands: int) -> float:
    """Have commands recorded, 64 of them waiting at any time; gives commands a second."""
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    wanted = list(islice(submissions(name), commands))
    # Two commands after each other are for one thing; the second must find the first decided.
    ordered = iter(wanted[0::2] + wanted[1::2])
    began = time.perf_counter()
    for submission in islice(ordered, WAITING):
        ledger.writer.submit(submission, outcomes.put)
    for _ in range(commands):
        answer = outcomes.get().answer
        assert isinstance(answer, Accepted), answer
        for submission in islice(ordered, 1):
            ledger.writer.submit(submission, outcomes.put)
    return commands / (time.perf_counter() - began)


def submissions(name: str) -> Iterator[Submission]:
    """Make commands without end; each waits for those before it on the same thing to be decided."""
    for number in count():
        plural, verb, body = CYCLE[number % len(CYCLE)]
        target = f"{name}-{number // 2}"
        yield _submission(plural, target, verb, body, key=f"{name}-key-{number}", position=POSITION)


def _submission(
    plural: str, target: str, verb: str, body: dict[str, Any], *, key: str, position: str | None
) -> Submission:
    entry = _ROUTES[plural, verb]
    return Submission(
        entry=entry,
        command=msgspec.convert(body, entry.command),
        target=target,
        person=HOLDER,
        key=key,
        fingerprint=hashlib.sha256(canonical(body)).digest(),
        command_id=key,
        trace=Trace(correlation_id=key),
        scopes=frozenset(("administrator", "writer")),
        position=position,
        salt=secrets.token_bytes(32),
    )
