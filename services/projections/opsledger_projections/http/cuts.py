"""The cuts of a read: as known when, as valid when, and at least up to where."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from opsledger_contracts.problems.general import KnownAtAhead, PositionNotReached
from opsledger_projections.http import parameters
from opsledger_projections.projections import Projections
from opsledger_projections.tables.port import Tables

MIN_POSITION_WAIT_S: Final = 5.0
"""Longest time for which a read waits for `min_position`."""
_POLL_S: Final = 0.01

CUT_NAMES: Final = ("known_at", "valid_at", "min_position")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where a read stands: its tables, how far they have come, and both cuts."""

    tables: Tables
    position: int
    """Position that the views had reached when the read began."""
    known_at: int
    """Position as of which is read; never above `position`."""
    valid_at: str
    """Date of the business; empty for any day."""


async def cut(
    request: Request,
    known_at: parameters.KnownAt = None,
    valid_at: parameters.ValidAt = None,
    min_position: parameters.MinPosition = None,
) -> AsyncIterator[Cut]:
    """Resolve the cuts of a read, after waiting for `min_position`.

    Raises:
        PositionNotReached: the views did not reach `min_position` in time.
        KnownAtAhead: `known_at` is a position that the views have not reached.
        ParameterInvalid: a cut has another form.

    """
    projections: Projections = request.app.state.projections
    if min_position is not None:
        await reached(projections, min_position)
    with projections.served.reading() as tables:
        position = tables.progress().position
        yield Cut(
            tables=tables,
            position=position,
            known_at=translated(tables, known_at, position),
            valid_at=parameters.day(valid_at, "valid_at") if valid_at is not None else "",
        )


CutOf = Annotated[Cut, Depends(cut)]


def translated(tables: Tables, known_at: str | None, position: int) -> int:
    """Translate a cut on recording to a position.

    Raises:
        KnownAtAhead: it is a position after the last one.
        ParameterInvalid: it has another form.

    """
    if known_at is None:
        return position
    stated = parameters.position_of(known_at)
    if stated is None:
        until = parameters.last_instant_of(known_at, "known_at")
        return min(tables.position_at(until), position)
    if stated > position:
        raise KnownAtAhead(expected=stated, found=position)
    return stated


async def reached(projections: Projections, position: int) -> None:
    """Wait until the views have reached a position.

    Raises:
        PositionNotReached: they have not in time.

    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + MIN_POSITION_WAIT_S
    while projections.follower.position < position:
        if loop.time() > deadline:
            raise PositionNotReached(found=projections.follower.position, expected=position)
        await asyncio.sleep(_POLL_S)
