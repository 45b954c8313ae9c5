"""Plan cycles: from the goals of senior management to the start of balancing (R060 to R064)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.cycle import (
    BalancingClosed,
    BalancingOpened,
    ClashesSearched,
    ClashKind,
    ClashResolved,
    DraftingStarted,
    Goal,
    InformationCollected,
    PlanClashFound,
    PlanCycleClosed,
    PlanCycleOpened,
    PlanCyclePublished,
    PlanGoalsSet,
)
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.cycle import PeriodHasCycle, SessionRepeated
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World

CycleStatus = Literal[
    "opened",
    "goals_set",
    "collecting",
    "drafting",
    "balancing",
    "approving",
    "published",
    "closed",
]


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against each other."""

    kind: ClashKind
    items: tuple[str, ...]
    """Items as `<letter>/<item>`."""
    detail: str


class CycleState(State):
    """A cycle as it stands."""

    NOUN: ClassVar[str] = "cycle"

    period: str
    status: CycleStatus = "opened"
    session: str | None = None
    """Balancing session that is open."""
    sessions: list[str] = []
    clashes: dict[str, Clash] = {}
    """Every clash that was ever found."""
    open_clashes: list[str] = []

    def require_status(self, *expected: CycleStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the cycle is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun="plan cycle", id=self.id, found=self.status, expected=" or ".join(expected)
            )


CycleEvent = (
    PlanCycleOpened
    | PlanGoalsSet
    | InformationCollected
    | DraftingStarted
    | BalancingOpened
    | PlanClashFound
    | ClashesSearched
    | ClashResolved
    | BalancingClosed
    | PlanCyclePublished
    | PlanCycleClosed
)


def evolve(state: CycleState | None, event: Event, envelope: Envelope) -> CycleState:
    """Fold one event of a cycle."""
    happened: CycleEvent = event  # type: ignore[assignment]
    if isinstance(happened, PlanCycleOpened):
        return CycleState(id=happened.cycle, period=happened.period)
    assert state is not None, envelope.stream
    match happened:
        case PlanGoalsSet():
            state.status = "goals_set"
        case InformationCollected():
            state.status = "collecting"
        case DraftingStarted():
            state.status = "drafting"
        case BalancingOpened():
            state.status = "balancing"
            state.session = happened.session
            state.sessions.append(happened.session)
        case PlanClashFound():
            state.clashes[happened.clash] = Clash(
                kind=happened.kind, items=happened.items, detail=happened.detail
            )
            state.open_clashes.append(happened.clash)
        case ClashesSearched():
            pass
        case ClashResolved():
            state.open_clashes.remove(happened.clash)
        case BalancingClosed():
            state.status = "approving"
            state.session = None
        case PlanCyclePublished():
            state.status = "published"
        case PlanCycleClosed():
            state.status = "closed"
        case _:
            assert_never(happened)
    return state


def keys(state: CycleState) -> Iterator[tuple[str, str]]:
    """Find cycles by their period."""
    yield "cycle_by_period", state.period


CYCLE = Noun(state=CycleState, evolve=evolve, keys=keys)


class OpenPlanCycle(Command):
    """Open the planning of a period."""

    period: Period
    title: Title


@CYCLE.decides("open", scope="writer", function="ops", creates=True, refuses=(PeriodHasCycle,))
def open_cycle(command: OpenPlanCycle, _cycle: None, act: Act, world: World) -> Decided:
    """Have one cycle for a period, so that its letters are balanced with one another (R084)."""
    for found in world.find("cycle_by_period", command.period):
        raise PeriodHasCycle(found=found, period=command.period)
    yield PlanCycleOpened(cycle=act.target, period=command.period, title=command.title)


class SetPlanGoals(Command):
    """Set the goals of the cycle."""

    goals: Annotated[tuple[Goal, ...], msgspec.Meta(min_length=1, max_length=200)]


@CYCLE.decides("set-goals", scope="approver", function="president", refuses=(WrongState,))
def set_goals(command: SetPlanGoals, cycle: CycleState, _act: Act, _world: World) -> Decided:
    """Let only senior management set goals, until information is collected on them (R060)."""
    cycle.require_status("opened", "goals_set")
    yield PlanGoalsSet(goals=command.goals)


class CollectInformation(Command):
    """Hand in information on a topic for the acting unit."""

    topic: Title
    summary: Text


@CYCLE.decides("collect-information", scope="writer", refuses=(WrongState,))
def collect_information(
    command: CollectInformation, cycle: CycleState, act: Act, _world: World
) -> Decided:
    """Take each unit's information for itself (R061)."""
    cycle.require_status("goals_set", "collecting")
    assert act.unit is not None, act.command_id
    yield InformationCollected(topic=command.topic, unit=act.unit, summary=command.summary)


class StartDrafting(Command):
    """Let the units draft their letters and plans."""


@CYCLE.decides("start-drafting", scope="writer", function="ops", refuses=(WrongState,))
def start_drafting(_command: StartDrafting, cycle: CycleState, _act: Act, _world: World) -> Decided:
    """Begin drafts after goals are set (R062)."""
    cycle.require_status("goals_set", "collecting")
    yield DraftingStarted()


class OpenBalancing(Command):
    """Open a session in which the letters of the period are balanced."""

    session: Identifier


@CYCLE.decides(
    "open-balancing", scope="writer", function="ops", refuses=(WrongState, SessionRepeated)
)
def open_balancing(command: OpenBalancing, cycle: CycleState, _act: Act, _world: World) -> Decided:
    """Begin a session after drafting, or another one while approval is under way (R063)."""
    cycle.require_status("drafting", "approving")
    if command.session in cycle.sessions:
        raise SessionRepeated(session=command.session)
    yield BalancingOpened(session=command.session)
