"""One step of a story: at a moment, somebody asks something of one thing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from opsledger_contracts.fields import GROUP_TIME_ZONE, instant


class Memory(Protocol):
    """What a later step may need from earlier ones, read through the public API."""

    def data(self, stream: str, type_name: str) -> dict[str, Any]:
        """Give the data of the latest event of a type in a stream."""

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""

    def position(self) -> int:
        """Tell the last position of the ledger."""


Body = Mapping[str, Any] | Callable[[Memory], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command of the story, sent through the HTTP API.

    `at` is local time of the group, `YYYY-MM-DD HH:MM`. `by` names a position of the cast, or `admin`.
    `do` is `<plural>/<id>/<verb>`. `refused` is the code of the refusal that is expected.
    """

    at: str
    by: str
    do: str
    en: str
    zh: str
    body: Body = field(default_factory=dict)
    refused: str | None = None

    def moment(self) -> str:
        """Tell when the step happens, as an `Instant`."""
        local = datetime.strptime(self.at, "%Y-%m-%d %H:%M").replace(tzinfo=GROUP_TIME_ZONE)
        return instant(local)

    def content(self, memory: Memory) -> dict[str, Any]:
        """Give the body of the command."""
        return dict(self.body(memory) if callable(self.body) else self.body)
