"""Replays (回放): a score computed again under stated cuts, as a part of the record.

The ledger computes a replay itself before it records it (architecture.md, section 10); nothing here
changes an official score.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.replay import (
    ReplayCompleted,
    ReplayDiverged,
    ReplayMode,
    ReplayRequested,
    SweepCompleted,
)
from opsledger_ledger.domain.deciding import Noun, State


class ReplayState(State):
    """A replay as it stands."""

    NOUN: ClassVar[str] = "replay"

    assessment: str
    run: int
    mode: ReplayMode
    status: Literal["requested", "completed", "diverged"] = "requested"


ReplayEvent = ReplayRequested | ReplayCompleted | SweepCompleted | ReplayDiverged


def evolve(state: ReplayState | None, event: Event, envelope: Envelope) -> ReplayState:
    """Fold one event of a replay."""
    happened: ReplayEvent = event  # type: ignore[assignment]
    if isinstance(happened, ReplayRequested):
        return ReplayState(
            id=happened.replay,
            assessment=happened.assessment,
            run=happened.run,
            mode=happened.mode,
        )
    assert state is not None, envelope.stream
    match happened:
        case ReplayCompleted() | SweepCompleted():
            state.status = "completed"
        case ReplayDiverged():
            state.status = "diverged"
        case _:
            assert_never(happened)
    return state


def keys(state: ReplayState) -> Iterator[tuple[str, str]]:
    """Find replays by the assessment."""
    yield "replay_by_assessment", state.assessment


REPLAY = Noun(state=ReplayState, evolve=evolve, keys=keys)
