"""Request headers and query parameters, each read strictly and once."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol

from opsledger_contracts.fields import moment
from opsledger_contracts.problems.general import IdempotencyKeyMissing, ParameterInvalid
from opsledger_ledger.http.body import YEARS

_KEY: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_VERSION: Final = re.compile(r'"(0|[1-9][0-9]{0,9})"', re.ASCII)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Multiple(Protocol):
    """Headers or parameters, of which one name may have many values."""

    def getlist(self, key: str) -> list[str]:
        """List the values of a name."""


class Given:
    """The headers of a request by name, sorted out once for all that will be asked of them."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        """`raw` is what the server gives: names in lower case, any of them more than once."""
        self._raw = raw
        self._values = dict(raw)
        self._repeated = len(self._values) < len(raw)

    def getlist(self, key: str) -> list[str]:
        """List the values of a name, in any case of letters."""
        name = _sent(key)
        if self._repeated:
            return [value.decode("latin-1") for found, value in self._raw if found == name]
        value = self._values.get(name)
        return [] if value is None else [value.decode("latin-1")]


@lru_cache(maxsize=256)
def _sent(name: str) -> bytes:
    """Write the name of a header as the server gives it."""
    return name.lower().encode("latin-1")


def single(values: Multiple, name: str) -> str | None:
    """Read a value that may be given once.

    Raises:
        ParameterInvalid: it is given more than once.

    """
    found = values.getlist(name)
    if len(found) > 1:
        raise ParameterInvalid(name=name, detail="it is given more than once")
    return found[0] if found else None


def idempotency_key(headers: Multiple) -> str:
    """Read the key under which a command may be repeated safely.

    Raises:
        IdempotencyKeyMissing: there is none.
        ParameterInvalid: it is not 1 to 128 visible ASCII characters.

    """
    key = single(headers, "Idempotency-Key")
    if not key:
        raise IdempotencyKeyMissing
    if not _KEY.fullmatch(key):
        raise ParameterInvalid(
            name="Idempotency-Key", detail="expected 1 to 128 visible ASCII characters"
        )
    return key


def token(headers: Multiple, name: str) -> str | None:
    """Read an optional text of visible ASCII characters.

    Raises:
        ParameterInvalid: it is something else.

    """
    found = single(headers, name)
    if found is not None and not _KEY.fullmatch(found):
        raise ParameterInvalid(name=name, detail="expected 1 to 128 visible ASCII characters")
    return found


def identifier(text: str, name: str) -> str:
    """Require the form of an identifier.

    Raises:
        ParameterInvalid: it has another form.

    """
    if not _IDENTIFIER.fullmatch(text):
        raise ParameterInvalid(
            name=name, detail="expected 1 to 64 of A-Z a-z 0-9 . _ - with a letter or digit first"
        )
    return text


def optional_identifier(headers: Multiple, name: str) -> str | None:
    """Read an identifier that may be absent.

    Raises:
        ParameterInvalid: it has another form.

    """
    found = single(headers, name)
    return None if found is None else identifier(found, name)


def version_expected(headers: Multiple) -> int | None:
    """Read If-Match, the version on which the caller decided.

    Raises:
        ParameterInvalid: it is not one version in quotes.

    """
    found = single(headers, "If-Match")
    if found is None:
        return None
    matched = _VERSION.fullmatch(found.strip())
    if matched is None:
        raise ParameterInvalid(name="If-Match", detail='expected one version as "7", in quotes')
    return int(matched[1])


def traceparent(headers: Multiple) -> str | None:
    """Read the W3C trace context; one that cannot be read is left out, as that standard says."""
    found = headers.getlist("traceparent")
    return found[0] if len(found) == 1 and _TRACEPARENT.fullmatch(found[0]) else None


def number(
    values: Multiple, name: str, *, default: int | None, least: int = 0, most: int = 2**53 - 1
) -> int:
    """Read a whole number within its bounds; without a default it must be given.

    Raises:
        ParameterInvalid: it is missing, not a whole number, or out of bounds.

    """
    found = single(values, name)
    if found is None:
        if default is None:
            raise ParameterInvalid(name=name, detail="it is required")
        return default
    if not _NUMBER.fullmatch(found) or not least <= int(found) <= most:
        raise ParameterInvalid(name=name, detail=f"expected a whole number from {least} to {most}")
    return int(found)


def instant(values: Multiple, name: str) -> str | None:
    """Read an instant in the fixed form.

    Raises:
        ParameterInvalid: it has another form, or there is no such moment.

    """
    found = single(values, name)
    if found is None:
        return None
    try:
        if moment(found).year in YEARS and len(found) == len("2026-01-01T00:00:00.000000Z"):
            return found
    except ValueError:
        pass
    raise ParameterInvalid(name=name, detail="expected an instant as 2027-01-28T09:00:00.000000Z")


def only(values: Mapping[str, str], names: frozenset[str]) -> None:
    """Require that no other parameter is given than those a route knows.

    Raises:
        ParameterInvalid: there is another one.

    """
    for name in values:
        if name not in names:
            raise ParameterInvalid(name=name[:64], detail="it is not known here")
