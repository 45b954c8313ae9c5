"""Given / when / then for the nouns of the ledger: past events, one command, new events or a refusal.

`Stage` is a small ledger in memory. Past events are folded by the same `LedgerWorld` that the writer
uses, and a command takes the same path as in production (`domain.executing.decide`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import canonical
from opsledger_contracts.codec import Recorded, decode
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.credential import Scope
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import COMMANDS, Act, Command, CommandEntry, Record
from opsledger_ledger.domain.executing import Decision, decide
from opsledger_ledger.writing.world import LedgerWorld, Placed

NOW = "2026-06-01T02:00:00.000000Z"
ALL_SCOPES: frozenset[Scope] = frozenset(
    ("writer", "approver", "assessor", "auditor", "operator", "administrator", "subscriber")
)


@dataclass
class Stage:
    """A ledger in memory that past events are played onto."""

    now: str = NOW
    streams: dict[str, list[Placed]] = field(default_factory=dict)
    position: int = 0

    def __post_init__(self) -> None:
        """Begin with an empty world."""
        self.world = LedgerWorld(
            lambda stream, after: entries_of(self.streams.get(stream, [])[after:])
        )

    def given(
        self, stream: str, *events: Event, at: str | None = None, **attributes: Any
    ) -> "Stage":
        """Record events of a stream as of `at` (default: now); `attributes` are of the envelope."""
        for event in events:
            self._append(Record(event, stream), at or self.now, attributes)
        return self

    def do(
        self, command: Command, target: str, *, at: str | None = None, **act: Any
    ) -> list[Event]:
        """Decide a command and record what it yields; gives the new events in order."""
        by, records = self._decision(command, target, at, act)
        attributes = {
            "person": by.person,
            "acting_position": by.position,
            "unit": by.unit,
            "on_behalf_of": by.on_behalf_of,
            "delegation": by.delegation,
            "reason": by.reason,
        }
        for record in records:
            self._append(record, at or self.now, attributes)
        return [record.event for record in records]

    def decide(
        self, command: Command, target: str, *, at: str | None = None, **act: Any
    ) -> list[Record]:
        """Decide a command without recording anything.

        Raises:
            Refusal: a rule says no.

        """
        return self._decision(command, target, at, act).records

    def _decision(
        self, command: Command, target: str, at: str | None, act: dict[str, Any]
    ) -> Decision:
        now = at or self.now
        asked = Act(
            target=target,
            person="P-1",
            now=now,
            occurred_at=now,
            command_id="C-1",
            scopes=ALL_SCOPES,
            salt=b"salt-of-the-test" * 2,
        )
        return decide(entry_of(command), command, replace(asked, **act), self.world)

    def events(self, stream: str) -> list[Event]:
        """List the events of a stream."""
        return [placed.recorded.event for placed in self.streams.get(stream, [])]

    def _append(self, record: Record, at: str, attributes: dict[str, Any]) -> None:
        assert record.stream is not None
        self.position += 1
        past = self.streams.setdefault(record.stream, [])
        envelope = Envelope(
            specversion="1.0",
            id=f"00000000-0000-7000-8000-{self.position:012d}",
            source="urn:opsledger:test",
            type=record.event.TYPE,
            stream=record.stream,
            occurred_at=at,
            recorded_at=at,
            version=len(past) + 1,
            schema=f"urn:opsledger:schema:{record.event.TYPE}",
            command_id="C-1",
            correlation_id="C-1",
            policy_hash="0" * 64,
            data=msgspec.Raw(canonical(record.event)),
            **({"person": "P-1"} | attributes),
        )
        # The event goes through its bytes, so that every test is a round trip of the codec too.
        recorded: Recorded = decode(canonical(envelope))
        placed = Placed(self.position, recorded)
        self.world.fold(placed)
        past.append(placed)


def entries_of(past: list[Placed]) -> list[tuple[int, bytes]]:
    """Give the positions and bytes of entries, as a log gives them."""
    return [(placed.position, canonical(placed.recorded.envelope)) for placed in past]


def entry_of(command: Command) -> CommandEntry:
    """Find the catalogue's entry of a command."""
    return next(entry for entry in COMMANDS.values() if entry.command is type(command))


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One row of a noun's table of refusals: on this stage, this command gets this code."""

    id: str
    stage: Stage
    command: Command
    target: str
    refusal: type[Refusal]
    act: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Expect the refusal, and that nothing was recorded."""
        position = self.stage.position
        with pytest.raises(self.refusal):
            self.stage.decide(self.command, self.target, **self.act)
        assert self.stage.position == position


def refused_row(
    case: str,
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    act: dict[str, Any],
    *,
    target: str,
) -> Refused:
    """Make a row of the table that is named after its command and the case."""
    return Refused(
        id=f"{type(command).__name__}: {case}",
        stage=stage,
        command=command,
        target=target,
        refusal=refusal,
        act=act,
    )


def undeclared_and_untested(noun: str, rows: Iterable[Refused]) -> tuple[set[str], set[str]]:
    """Compare the refusals that a noun's commands declare with those in its table.

    Returns:
        Pairs `Command:code` that are declared but not in the table, and those in the table but not
        declared (general refusals and those of identity need no declaration).

    """
    declared = {
        f"{entry.name}:{refusal.code}"
        for entry in COMMANDS.values()
        if entry.noun == noun
        for refusal in entry.refuses
    }
    tested = {f"{type(row.command).__name__}:{row.refusal.code}" for row in rows}
    return declared - tested, tested - declared
