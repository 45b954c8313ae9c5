"""What else could have happened: other ways on from a moment of the story, stream by stream."""

from dataclasses import dataclass

from opsledger.examples.recording import ADMINISTRATOR, Chains, Entry, MemoryLedger
from opsledger.story.cast import ROLE_OF
from opsledger.story.step import Step
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Evidence
from opsledger_ledger.domain.deciding import Act, Authority, Record
from opsledger_ledger.writing.world import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An event of a branch: when, by whom and why it happened.

    `at` is local time of the group, `YYYY-MM-DD HH:MM`; `by` is a position of the cast, `admin`, or
    `ledger` for what the ledger concludes by itself.
    """

    at: str
    by: str
    event: Event
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    authority: Authority | None = None
    rulebook: str | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Deeds that follow one another in one stream, after what the story had recorded by then."""

    stream: str
    deeds: tuple[Deed, ...]


def recorded(branch: Branch, story: MemoryLedger) -> list[Entry]:
    """Record the deeds of a branch; the story stays as it is.

    Every state of the stream is folded, so that nothing is recorded that a ledger could not read.
    """
    began = _moment(branch.deeds[0])
    past = [
        entry
        for entry in story.chains.streams.get(branch.stream, ())
        if entry.recorded.envelope.recorded_at <= began
    ]
    chains = Chains({branch.stream: past}, f"{branch.stream} {branch.deeds[0].event.TYPE}")
    entries = [
        entry
        for deed in branch.deeds
        for entry in chains.append(*_asked(deed, branch.stream, chains))
    ]
    folded(branch.stream, ((0, entry.stored) for entry in past))
    return entries


def _asked(deed: Deed, stream: str, chains: Chains) -> tuple[Act, list[Record]]:
    now = _moment(deed)
    role = ROLE_OF.get(deed.by)
    act = Act(
        target=stream.partition("/")[2],
        person=role.person if role else ADMINISTRATOR,
        position=role.position if role else None,
        unit=role.unit if role else None,
        now=now,
        occurred_at=now,
        command_id=chains.ids.next(now),
        reason=deed.reason,
        evidence=deed.evidence,
    )
    record = Record(
        deed.event,
        stream,
        authority=deed.authority,
        rulebook=deed.rulebook,
        calendar=deed.calendar,
        derived=deed.by == "ledger",
    )
    return act, [record]


def _moment(deed: Deed) -> str:
    return Step(at=deed.at, by=deed.by, do="", en="", zh="").moment()
