"""Which rulebook, authority matrix and calendar a decision applies.

A document is found by content hash, which is how letters and events cite it, or by the day on which
it is in force. Only published versions are found.
"""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.problems.documents import (
    DocumentDefective,
    DocumentMisnamed,
    DocumentUnknown,
    NoneInForce,
    TakesEffectTooEarly,
)
from opsledger_ledger.domain.calendar import CalendarState
from opsledger_ledger.domain.deciding import S, World
from opsledger_ledger.domain.matrix import MatrixState
from opsledger_ledger.domain.rulebook import RulebookState

Version = TypeVar("Version", MatrixState, RulebookState)


def rulebook(world: World, content_hash: str) -> Rulebook:
    """Find the published rulebook with this content.

    Raises:
        DocumentUnknown: there is none.

    """
    return _by_hash(world, RulebookState, content_hash).content(content_hash)


def matrix(world: World, content_hash: str) -> AuthorityMatrix:
    """Find the published authority matrix with this content.

    Raises:
        DocumentUnknown: there is none.

    """
    return _by_hash(world, MatrixState, content_hash).document


def calendar(world: World, content_hash: str) -> Calendar:
    """Find the published calendar with this content.

    Raises:
        DocumentUnknown: there is none.

    """
    return _by_hash(world, CalendarState, content_hash).document


def rulebook_in_force(world: World, day: date) -> tuple[str, Rulebook]:
    """Tell content hash and document of the rulebook in force on a day, with its errata.

    Raises:
        NoneInForce: there is none.

    """
    return _in_force(world, RulebookState, day).content_on(day)


def matrix_in_force(world: World, day: date) -> tuple[str, AuthorityMatrix]:
    """Tell content hash and document of the authority matrix in force on a day.

    Raises:
        NoneInForce: there is none.

    """
    found = _in_force(world, MatrixState, day)
    return found.content_hash, found.document


def calendar_for(world: World, day: date) -> tuple[str, Calendar]:
    """Tell content hash and document of the calendar published last that covers the year of a day.

    Raises:
        NoneInForce: no calendar covers the year.

    """
    found = latest_calendar(world, day.year)
    if found is None:
        raise NoneInForce(noun=NOUNS["calendar"].en, date=day)
    return found.content_hash, found.document


def latest_calendar(world: World, year: int) -> CalendarState | None:
    """Find the calendar published last that covers a year, or None."""
    identifiers = world.find("calendar_by_year", str(year))
    return world.get(CalendarState, identifiers[-1]) if identifiers else None


def newest_matrix(world: World) -> MatrixState | None:
    """Find the published matrix that no other one follows; None before the first."""
    return _newest(world, MatrixState)


def newest_rulebook(world: World) -> RulebookState | None:
    """Find the published rulebook that no other one follows; None before the first."""
    return _newest(world, RulebookState)


def require_named(name: str, target: str) -> None:
    """Let a document be recorded only under its own name and version.

    Raises:
        DocumentMisnamed: the stream has another name.

    """
    if name != target:
        raise DocumentMisnamed(expected=name, found=target)


def require_sound(noun: str, identifier: str, findings: tuple[Finding, ...]) -> None:
    """Let only a document without defects pass.

    Raises:
        DocumentDefective: its validation found something.

    """
    if findings:
        raise DocumentDefective(
            noun=NOUNS[noun].en, id=identifier, count=len(findings), findings=told(findings)
        )


def require_later(
    noun: str, identifier: str, effective_from: date, before: date | None, today: date
) -> None:
    """Let a version follow another one only from today on, and only after it took effect.

    Raises:
        TakesEffectTooEarly: the past would be rewritten, or two versions be in force at once.

    """
    if before is None:
        return
    first = max(today, date.fromordinal(before.toordinal() + 1))
    if effective_from < first:
        raise TakesEffectTooEarly(
            noun=NOUNS[noun].en, id=identifier, found=effective_from, expected=first
        )


def told(findings: Sequence[Finding]) -> str:
    """Write findings as one line for a refusal."""
    return "; ".join(f"{finding.path}: {finding.code}" for finding in findings)


def _by_hash(world: World, state: type[S], content_hash: str) -> S:
    for found in _all(world, state, f"{state.NOUN}_by_hash", content_hash):
        return found
    raise DocumentUnknown(noun=NOUNS[state.NOUN].en, hash=content_hash)


def _in_force(world: World, state: type[Version], day: date) -> Version:
    for found in _all(world, state, f"{state.NOUN}_published", "all"):
        if found.in_force_on(day):
            return found
    raise NoneInForce(noun=NOUNS[state.NOUN].en, date=day)


def _newest(world: World, state: type[Version]) -> Version | None:
    published = _all(world, state, f"{state.NOUN}_published", "all")
    return next((found for found in published if found.effective_to is None), None)


def _all(world: World, state: type[S], index: str, key: str) -> list[S]:
    found = (world.get(state, identifier) for identifier in world.find(index, key))
    return [one for one in found if one is not None]
