"""A ledger in memory that records the story into real entries, the same ones at every run.

Commands are decided and put into envelopes as the writer does it. Ids, salts and secrets of keys
are drawn from fixed seeds, which only an example may do.
"""

from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from random import Random
from typing import Any, Final

import msgspec

from opsledger.story.cast import AUDITOR, LATER_ROLES, ROLES, SUBSCRIBER
from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.player import StoryStray
from opsledger.story.setting import NEWCOMERS, SETTING
from opsledger.story.step import Step
from opsledger.story.veto import VETO
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.codec import Recorded
from opsledger_contracts.events.credential import Scope
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_contracts.fields import Evidence
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import COMMANDS, Act, Record
from opsledger_ledger.domain.executing import decide
from opsledger_ledger.domain.ledger import Administrator, found
from opsledger_ledger.http.access import policy_hash
from opsledger_ledger.writing.envelopes import SYSTEM, Envelopes, EventIds, StreamTails
from opsledger_ledger.writing.submission import Trace
from opsledger_ledger.writing.world import LedgerWorld, Placed

LEDGER: Final = "huaxiang"
FOUNDED: Final = "2025-10-08 08:55"
ADMINISTRATOR: Final = "administrator"

_CIRCUMSTANCES: Final[tuple[str, ...]] = ("occurred_at", "reason", "evidence")

_ROLES: Final = (*ROLES, *LATER_ROLES, AUDITOR, SUBSCRIBER)
_PERSON_OF: Final = {role.position: role.person for role in _ROLES}
_SCOPES_OF: Final = {
    role.position: msgspec.convert(role.scopes, frozenset[Scope]) for role in _ROLES
}
_NOUN_OF: Final = {entry.plural: noun for noun, entry in NOUNS.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event: its exact bytes, and what a reader makes of them."""

    stored: bytes
    recorded: Recorded


class Chains:
    """The entries of every stream, and the encoder that makes the next ones."""

    def __init__(self, streams: dict[str, list[Entry]], seed: str) -> None:
        """Go on after `streams`, which are grown in place."""
        self.streams = streams
        # Examples are to be the same at every run; nothing here is secret.
        self.ids = EventIds(Random(seed).getrandbits)  # noqa: S311
        self._envelopes = Envelopes(
            f"urn:opsledger:{LEDGER}",
            policy_hash(),
            self.version,
            StreamTails(self._leaf),
            self.ids,
        )

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""
        return len(self.streams.get(stream, ()))

    def append(self, act: Act, records: list[Record]) -> list[Entry]:
        """Put the events of one command into entries and append them to their streams."""
        trace = Trace(correlation_id=act.command_id)
        encoded = self._envelopes.encode(act, records, trace)
        entries = [Entry(each.new.entry, each.recorded) for each in encoded]
        for entry in entries:
            self.streams.setdefault(entry.recorded.envelope.stream, []).append(entry)
        return entries

    def _leaf(self, stream: str, version: int) -> bytes:
        return leaf_hash(self.streams[stream][version - 1].stored)


class MemoryLedger:
    """Takes the steps of the story, and is the memory that later steps ask."""

    def __init__(self, seed: str = LEDGER) -> None:
        self.entries: list[Entry] = []
        """All entries in order of position."""
        self.chains = Chains({}, seed)
        self._placed: dict[str, list[Placed]] = {}
        self._world = LedgerWorld(self._load)

    def found(self) -> None:
        """Record the founding and its administrator."""
        now = Step(at=FOUNDED, by="admin", do="", en="", zh="").moment()
        command_id = self.chains.ids.next(now)
        act = Act(
            target=LEDGER,
            person=SYSTEM,
            now=now,
            occurred_at=now,
            command_id=command_id,
            salt=sha256(command_id.encode()).digest(),
        )
        administrator = Administrator(
            person=ADMINISTRATOR,
            name=ADMINISTRATOR,
            salt=act.salt,
            credential=ADMINISTRATOR,
            secret_hash=sha256(act.salt).hexdigest(),
        )
        records = found(LEDGER, "华翔集团运营账本", "scripted", administrator)
        self._record(act, list(records))

    def play(self, step: Step) -> None:
        """Take one step.

        Raises:
            StoryStray: it was refused or accepted against what the story expects.

        """
        plural, target, verb = step.do.split("/")
        entry = COMMANDS[_NOUN_OF[plural], verb]
        content = step.content(self)
        circumstances = {name: content.pop(name) for name in _CIRCUMSTANCES if name in content}
        command = msgspec.convert(content, entry.command)
        code = None
        try:
            decision = decide(entry, command, self._act(step, target, circumstances), self._world)
        except Refusal as refusal:
            code = refusal.code
        else:
            self._record(decision.act, decision.records)
        if code != step.refused:
            raise StoryStray(f"{step.at} {step.by} {step.do}: expected {step.refused}, got {code}")

    def data(self, stream: str, type_name: str) -> dict[str, Any]:
        """Give the data of the latest event of a type in a stream."""
        found = [
            placed.recorded.event
            for placed in self._placed[stream]
            if placed.recorded.envelope.type == type_name
        ]
        data: dict[str, Any] = msgspec.to_builtins(found[-1])
        return data

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""
        return self._world.version(stream)

    def position(self) -> int:
        """Tell the last position of the ledger."""
        return self._world.position()

    def _act(self, step: Step, target: str, circumstances: dict[str, Any]) -> Act:
        # Like a scripted clock, the time of recording never goes back.
        now = max(step.moment(), self.entries[-1].recorded.envelope.recorded_at)
        command_id = self.chains.ids.next(now)
        evidence = msgspec.convert(circumstances.pop("evidence", ()), tuple[Evidence, ...])
        administrating = step.by == "admin"
        return Act(
            target=target,
            person=ADMINISTRATOR if administrating else _PERSON_OF[step.by],
            position=None if administrating else step.by,
            scopes=frozenset(("administrator",)) if administrating else _SCOPES_OF[step.by],
            now=now,
            occurred_at=circumstances.pop("occurred_at", now),
            command_id=command_id,
            evidence=evidence,
            salt=sha256(command_id.encode()).digest(),
            **circumstances,
        )

    def _load(self, stream: str, after: int) -> list[tuple[int, bytes]]:
        return [
            (placed.position, self.entries[placed.position - 1].stored)
            for placed in self._placed.get(stream, [])[after:]
        ]

    def _record(self, act: Act, records: list[Record]) -> None:
        for entry in self.chains.append(act, records):
            self.entries.append(entry)
            placed = Placed(len(self.entries), entry.recorded)
            self._placed.setdefault(entry.recorded.envelope.stream, []).append(placed)
            self._world.fold(placed)


def story_recorded() -> MemoryLedger:
    """Record the whole story from the founding on."""
    ledger = MemoryLedger()
    ledger.found()
    for chapter in (PEOPLE, *CHAPTERS):
        for step in chapter.steps():
            ledger.play(step)
    return ledger


def veto_recorded() -> MemoryLedger:
    """Record the story of the veto, on a ledger of its own."""
    ledger = MemoryLedger(f"{LEDGER} veto")
    ledger.found()
    for chapter in NEWCOMERS:
        for step in chapter.steps():
            ledger.play(step)
    steps = chain.from_iterable(chapter.steps() for chapter in (*SETTING, *VETO))
    for step in sorted(steps, key=lambda row: row.at):
        ledger.play(step)
    return ledger
