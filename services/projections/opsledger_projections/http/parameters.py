"""Query parameters, each read strictly and once, with the sentence that documents it."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query, Request

from opsledger_contracts.fields import GROUP_TIME_ZONE, instant
from opsledger_contracts.problems.general import ParameterInvalid

POSITION_MAX: Final = 9_007_199_254_740_991
ROWS_MAX: Final = 1_000

_POSITION: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

KnownAt = Annotated[
    str | None,
    Query(
        description="Cut on recording: a position, an instant (RFC 3339), or a date of the group "
        "(Asia/Shanghai), which stands for its end. Instant and date mean the last position "
        "recorded at or before it. Absent: all that is known.",
        examples=["128", "2027-02-01", "2027-02-01T09:00:00+08:00"],
        max_length=40,
    ),
]
ValidAt = Annotated[
    str | None,
    Query(
        description="Cut on business time: a date of the group. Absent: any day.",
        examples=["2026-06-01"],
        max_length=10,
    ),
]
MinPosition = Annotated[
    int | None,
    Query(
        description="Position that the views must have reached; the wait for it is bounded.",
        ge=0,
        le=POSITION_MAX,
    ),
]
Limit = Annotated[int, Query(description="Most rows of one page.", ge=1, le=ROWS_MAX)]


def only(request: Request, *names: str) -> None:
    """Take no parameter but these, and each at most once.

    Raises:
        ParameterInvalid: another one is given, or one is given twice.

    """
    given = [name for name, _ in request.query_params.multi_items()]
    for place, name in enumerate(given):
        if name not in names:
            allowed = ", ".join(sorted(names)) or "none"
            raise ParameterInvalid(name=name, detail=f"not known here; known are: {allowed}")
        if name in given[:place]:
            raise ParameterInvalid(name=name, detail="it is given more than once")


def position_of(text: str) -> int | None:
    """Read a position, or None if the text is something else."""
    return int(text) if _POSITION.fullmatch(text) else None


def last_instant_of(text: str, name: str) -> str:
    """Read an instant, or a date as the last instant of that day of the group.

    Raises:
        ParameterInvalid: it is neither.

    """
    try:
        if _DAY.fullmatch(text):
            next_day = date.fromisoformat(text) + timedelta(days=1)
            begins = datetime.combine(next_day, datetime.min.time(), GROUP_TIME_ZONE)
            return instant(begins - timedelta(microseconds=1))
        # In a query a plus that was not escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is not None:
            return instant(moment)
    except (ValueError, OverflowError):
        pass
    raise ParameterInvalid(
        name=name, detail="expected a position, a date, or an instant with its time zone"
    )


def day(text: str, name: str) -> str:
    """Read a date.

    Raises:
        ParameterInvalid: it is none.

    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise ParameterInvalid(name=name, detail="expected a date YYYY-MM-DD")
