"""The measured commands: real ones that need no long preparation, half creating, half changing.

Each connection goes through them in turns, always for new things of its own.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from opsledger_contracts.canonical import canonical

HOLDER: Final = "P-OPS"
POSITION: Final = "OPS"
GROUP: Final = "HX"

_INDICATOR: Final = {
    "title": "回款额",
    "unit": "万元",
    "direction": "higher_better",
    "formula": "财务中心确认的到账金额合计",
    "source": "财务系统到账明细",
    "owner": GROUP,
    "frequency": "monthly",
    "precision": 2,
}

CYCLE: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    (
        "units",
        "register",
        {"type": "department", "name": "运营管理部", "valid_from": "2026-01-01", "parent": GROUP},
    ),
    (
        "units",
        "set-control-mode",
        {"mode": "strong", "basis": "集团管控办法第三条", "valid_from": "2026-01-01"},
    ),
    ("indicators", "define", _INDICATOR),
    ("indicators", "revise", _INDICATOR | {"source": "财务系统到账明细（月结）"}),
    ("positions", "define", {"unit": GROUP, "title": "运营专员", "tier": "staff"}),
    ("positions", "appoint", {"person": HOLDER, "valid_from": "2026-01-01"}),
)
"""Plural of the noun, verb, and body; two after each other for the same thing."""


class Requests:
    """Requests of one connection, each as the bytes that go over it."""

    def __init__(self, name: str, token: str) -> None:
        self._name = name
        self._numbers: Iterator[int] = count()
        self._forms = [_form(token, *step) for step in CYCLE]

    def next(self) -> bytes:
        """Write the next request."""
        number = next(self._numbers)
        head, rest = self._forms[number % len(self._forms)]
        thing = f"{self._name}-{number // 2}".encode()
        key = f"{self._name}-key-{number}".encode()
        return head % thing + rest % key


def page(path: str, token: str) -> bytes:
    """Write a request for a page of the feed, one entry a line."""
    head = (
        f"GET {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Accept: application/x-ndjson\r\n\r\n"
    )
    return head.encode()


def _form(token: str, plural: str, verb: str, body: dict[str, Any]) -> tuple[bytes, bytes]:
    content = canonical(body)
    head = f"POST /v1/{plural}/%b/{verb} HTTP/1.1\r\n"
    rest = (
        "Host: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n"
        "Idempotency-Key: %b\r\n"
        f"Acting-Position: {POSITION}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode(), rest.encode() + content.replace(b"%", b"%%")
