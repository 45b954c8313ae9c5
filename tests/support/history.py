"""The history checker: what clients were told, held against what the ledger has.

The ledger returns its own order, so the check is linear in the length of the history. It knows
nothing of how the service works: it sees requests, answers and the feed, as any outsider does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command as its client saw it, over all repetitions with the same key.

    `sent` and `answered` are readings of one monotonic clock; `answered` is None if no answer ever
    came. `positions` are those that the answer named.
    """

    key: str
    events: int
    """How many events the command makes."""
    sent: float
    answered: float | None = None
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry as the feed shows it."""

    position: int
    key: str


def violations(requests: Iterable[Request], log: Sequence[Logged]) -> list[str]:
    """Name everything in the log that contradicts what the clients were told.

    Checked are: positions 1, 2, 3 … without a gap; an acknowledged command is there once, whole and
    at the positions answered; a command without an answer is absent or whole; a command
    acknowledged before another was sent stands before it.
    """
    found = [
        f"place {place} of the feed has position {entry.position}"
        for place, entry in enumerate(log, 1)
        if entry.position != place
    ]
    positions: dict[str, list[int]] = {}
    for entry in log:
        positions.setdefault(entry.key, []).append(entry.position)
    acknowledged = []
    for request in requests:
        logged = tuple(positions.get(request.key, ()))
        if request.answered is not None:
            acknowledged.append(request)
            if logged != request.positions:
                found.append(
                    f"{request.key} was answered {request.positions}, the log has {logged}"
                )
        if logged and len(logged) < request.events:
            found.append(f"{request.key} is there in part: {logged} of {request.events} events")
        if len(logged) > request.events:
            found.append(
                f"{request.key} is there more than once: {logged} of {request.events} events"
            )
        if logged and logged != tuple(range(logged[0], logged[0] + len(logged))):
            found.append(f"{request.key} is not contiguous: {logged}")
    return found + _order_violations(acknowledged)


def _order_violations(acknowledged: list[Request]) -> list[str]:
    """Look for a command sent after the answer to another, but recorded before it."""
    answers = sorted(
        (request.answered, max(request.positions), request.key)
        for request in acknowledged
        if request.answered is not None and request.positions
    )
    found = []
    highest, highest_key, place = 0, "", 0
    for request in sorted(acknowledged, key=lambda request: request.sent):
        while place < len(answers) and answers[place][0] < request.sent:
            if answers[place][1] > highest:
                _, highest, highest_key = answers[place]
            place += 1
        if request.positions and min(request.positions) < highest:
            found.append(
                f"{request.key} was sent after {highest_key} was answered, but stands before it"
            )
    return found


def subscription_violations(
    received: Sequence[tuple[int, str]], leaves: Sequence[str], resumed_after: Iterable[int] = ()
) -> list[str]:
    """Name every way in which a subscriber's sequence is not the log.

    Args:
        received: positions and leaf hashes in the order in which they came.
        leaves: leaf hashes of the log, the first for position 1.
        resumed_after: positions after which the subscriber resumed; repeats are allowed only there.

    """
    allowed = set(resumed_after)
    found = []
    last = 0
    for position, leaf in received:
        if position != last + 1 and not (position <= last and position - 1 in allowed):
            found.append(f"position {position} came after {last}")
        if position > len(leaves):
            found.append(f"position {position} is not in the log")
        elif leaves[position - 1] != leaf:
            found.append(f"position {position} was received with another content")
        last = max(last, position) if position <= last else position
    if last < len(leaves):
        found.append(f"positions {last + 1} to {len(leaves)} never came")
    return found
