"""Separation of duties: acts that must not be in one hand, also not by way of delegations.

Everybody who stands behind an act counts: the actor, whoever the actor represents, and the whole
chain of delegators (domain-model.md, section 3).
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from opsledger_contracts.documents import matrix
from opsledger_contracts.documents.matrix import ForbiddenPair
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.deciding import Act, World
from opsledger_ledger.domain.deed import Deed
from opsledger_ledger.domain.policies.identity import identities

DEFAULT_PAIRS: Final = (
    ForbiddenPair(first="initiate", second="approve"),
    ForbiddenPair(first="initiate", second="ratify"),
    ForbiddenPair(first="review", second="approve"),
    ForbiddenPair(first="execute", second="supervise"),
    ForbiddenPair(first="execute", second="verify"),
    ForbiddenPair(first="score", second="confirm"),
    ForbiddenPair(first="score", second="decide_dispute"),
    ForbiddenPair(first="confirm", second="decide_dispute"),
    ForbiddenPair(first="own_data", second="be_assessed"),
    ForbiddenPair(first="rate", second="be_rated"),
    ForbiddenPair(first="mediate", second="be_party"),
)
"""Pairs that are forbidden whatever a matrix says."""


def require_disjoint(
    act: Act,
    world: World,
    doing: matrix.Act,
    deeds: Iterable[Deed],
    pairs: tuple[ForbiddenPair, ...] = DEFAULT_PAIRS,
) -> None:
    """Let nobody do what a pair forbids them after a deed that they stand behind.

    Raises:
        SeparationOfDuties: the effective identities overlap.

    """
    forbidden = {
        pair.second if pair.first == doing else pair.first
        for pair in pairs
        if doing in {pair.first, pair.second}
    }
    require_others(act, world, doing, (deed for deed in deeds if deed.did in forbidden))


def require_others(act: Act, world: World, doing: str, deeds: Iterable[Deed]) -> None:
    """Let nobody do this who stands behind any of the deeds.

    Raises:
        SeparationOfDuties: the effective identities overlap.

    """
    doers = identities(act, world)
    for deed in deeds:
        overlap = doers & identities_of(deed, act, world)
        if overlap:
            raise SeparationOfDuties(first=deed.did, second=doing, person=min(overlap))


def identities_of(deed: Deed, act: Act, world: World) -> frozenset[str]:
    """Name all persons who stand behind a past deed; `act` is the one now judged against it."""
    return identities(
        replace(
            act,
            person=deed.person,
            on_behalf_of=deed.on_behalf_of,
            delegation=deed.delegation,
        ),
        world,
    )
