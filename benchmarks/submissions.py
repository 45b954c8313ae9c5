"""The measured commands as the writer takes them, without HTTP, and a ledger to send them to."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, islice
from queue import SimpleQueue
from typing import Any, Final

import msgspec
from benchmarks.ledgers import made_ready
from benchmarks.places import Place, settings
from benchmarks.requests import CYCLE, GROUP, HOLDER, POSITION

from opsledger_contracts.canonical import canonical
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.http.commands import routes
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.submission import Accepted, Outcome, Submission, Trace

_DAY: Final = "2026-01-01"
_ROUTES: Final = routes()

_YEAR: Final = datetime.now(UTC).year  # noqa: TID251 - cases have limits from today on.

_CALENDAR: Final = {
    "calendar": "CN",
    "version": 1,
    "title_zh": "工作日历",
    "title_en": "Working days",
    "years": [_YEAR, _YEAR + 1],
    "weekend": [6, 7],
    "holidays": [],
    "makeup_days": [],
}

_STEPS: Final = (
    (1, "initiate", "ops"),
    (2, "review", "finance"),
    (2, "review", "legal"),
    (3, "approve", "presidency"),
)

_MATRIX: Final = {
    "matrix": "AM",
    "version": 1,
    "effective_from": _DAY,
    "title_zh": "权责手册",
    "title_en": "Authority matrix",
    "items": [
        {
            "item": "ops-matter",
            "category": "operations",
            "level": "group",
            "title_zh": "运营事项",
            "title_en": "Operational matter",
            "steps": [
                {
                    "seq": seq,
                    "verb": verb,
                    "position": {"function": function},
                    "sla_working_days": 3,
                }
                for seq, verb, function in _STEPS
            ],
        }
    ],
    "sod": [],
}


def _position(title: str, function: str) -> dict[str, Any]:
    return {"unit": GROUP, "title": title, "tier": "supervisor", "functions": [function]}


_PREPARATION: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("units", GROUP, "register", {"type": "group", "name": "华翔集团", "valid_from": _DAY}),
    ("persons", HOLDER, "register", {"name": HOLDER}),
    ("positions", POSITION, "define", _position("运营主管", "ops")),
    ("positions", POSITION, "appoint", {"person": HOLDER, "valid_from": _DAY}),
    ("positions", "FIN", "define", _position("财务主管", "finance")),
    ("positions", "LEG", "define", _position("法务主管", "legal")),
    ("positions", "GM", "define", _position("总经理", "presidency")),
    ("calendars", "CN.1", "publish", {"document": _CALENDAR}),
    ("matrices", "AM.1", "draft", {"document": _MATRIX}),
    ("matrices", "AM.1", "publish", {}),
)

_CASE: Final = {
    "subject": f"unit/{GROUP}",
    "subject_hash": "0" * 64,
    "item": "ops-matter",
}

KEYS: Final = 8
"""API keys that the clients take in turns."""

_SECRET: Final = "s" * 43
"""The secret of ledgers that are thrown away after the measurement."""

TOKENS: Final = tuple(f"opl_K{number}_{_SECRET}" for number in range(KEYS))

READERS: Final = ("R0", "R1")
"""Persons who only read, each with a key of that name; one person may have 16 open streams."""

READING_TOKENS: Final = tuple(f"opl_{name}_{_SECRET}" for name in READERS)


def prepared(place: Place) -> Ledger:
    """Open a new ledger with a group, its positions and documents, and API keys for everything."""
    made_ready(place)
    ledger = open_ledger(settings(place))
    issuing = [
        *(_key(f"K{number}", HOLDER) for number in range(KEYS)),
        *(("persons", name, "register", {"name": name}) for name in READERS),
        *(_key(name, name) for name in READERS),
    ]
    for number, (plural, target, verb, body) in enumerate((*_PREPARATION, *issuing)):
        answer = ledger.writer.execute(
            _submission(plural, target, verb, body, key=f"preparation-{number}", position=None)
        ).answer
        assert isinstance(answer, Accepted), answer
    return ledger


def _key(name: str, person: str) -> tuple[str, str, str, dict[str, Any]]:
    key = {
        "person": person,
        "title": "of a measurement",
        "scopes": ("administrator", "writer", "subscriber", "auditor"),
        "secret_hash": hashlib.sha256(_SECRET.encode()).hexdigest(),
    }
    return "credentials", name, "issue", key


def commands_of(events: int) -> Callable[[str, int], list[Submission]]:
    """Give what makes commands of one event each, or of three."""
    return {1: _single, 3: _cases}[events]


def _single(name: str, commands: int) -> list[Submission]:
    wanted = list(islice(_cycle(name), commands))
    # Two commands after each other are for one thing; the second must find the first decided.
    return wanted[0::2] + wanted[1::2]


def _cycle(name: str) -> Iterator[Submission]:
    for number in count():
        plural, verb, body = CYCLE[number % len(CYCLE)]
        target = f"{name}-{number // 2}"
        yield _submission(plural, target, verb, body, key=f"{name}-key-{number}", position=POSITION)


def _cases(name: str, commands: int) -> list[Submission]:
    """Make commands that open an approval case, which assigns its two reviewers at once."""
    return [
        _submission(
            "cases", f"{name}-{number}", "open", _CASE, key=f"{name}-{number}", position=POSITION
        )
        for number in range(commands)
    ]


def decide(ledger: Ledger, submissions: list[Submission], waiting: int) -> None:
    """Have commands decided and recorded, so many of them waiting at any time."""
    outcomes: SimpleQueue[Outcome] = SimpleQueue()
    ordered = iter(submissions)
    for submission in islice(ordered, waiting):
        ledger.writer.submit(submission, outcomes.put)
    for _ in submissions:
        answer = outcomes.get().answer
        assert isinstance(answer, Accepted), answer
        for submission in islice(ordered, 1):
            ledger.writer.submit(submission, outcomes.put)


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
