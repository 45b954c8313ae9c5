"""A ledger whose application is called directly, without a socket, one request after the other."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.http.app import create_app
from opsledger_ledger.ledger import Ledger

SCOPES = ("writer", "approver", "assessor", "auditor", "operator", "administrator", "subscriber")
FUNCTIONS = (
    "ops",
    "finance",
    "cost",
    "marketing",
    "engineering",
    "legal",
    "hr",
    "audit",
    "safety",
    "vice_president",
    "president",
    "committee",
    "board",
    "replay_officer",
)
SECRET = "s" * 43


class InProcess:
    """The application of an open ledger, and a caller who may do everything."""

    def __init__(self, ledger: Ledger, runner: asyncio.Runner) -> None:
        self.ledger = ledger
        self.token = "opl_all_" + SECRET
        self._runner = runner
        self._keys = count(1)
        self._client = httpx2.AsyncClient(
            # A fault of the program is to be seen as its callers see it.
            transport=httpx2.ASGITransport(create_app(ledger), raise_app_exceptions=False),
            base_url="http://ledger",
        )

    def post(
        self, path: str, body: bytes, token: str | None = None, **more: str
    ) -> httpx2.Response:
        """Send a command under a fresh key; header names with `_` for `-`."""
        headers = {
            "Authorization": f"Bearer {token or self.token}",
            "Idempotency-Key": f"key-{next(self._keys)}",
            "Content-Type": "application/json",
        }
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return self._runner.run(self._client.post(path, content=body, headers=headers))

    def prepare(self) -> None:
        """Register a person with every scope, in a post with every function."""
        assert self.ledger.administrator_key is not None
        administrator = self.ledger.administrator_key.token
        bodies: dict[str, dict[str, Any]] = {
            "units/HQ/register": {"type": "group", "name": "华翔集团", "valid_from": "2020-01-01"},
            "persons/all/register": {"name": "陈"},
            "positions/POST/define": {
                "unit": "HQ",
                "title": "总裁",
                "tier": "unit_head",
                "functions": FUNCTIONS,
                "head": True,
            },
            "positions/POST/appoint": {"person": "all", "valid_from": "2020-01-01"},
            "credentials/all/issue": {
                "person": "all",
                "title": "of a test",
                "scopes": SCOPES,
                "secret_hash": hashlib.sha256(SECRET.encode()).hexdigest(),
            },
        }
        for path, body in bodies.items():
            answer = self.post(f"/v1/{path}", json.dumps(body).encode(), administrator)
            assert answer.is_success, answer.text

    def close(self) -> None:
        """Close the client."""
        self._runner.run(self._client.aclose())


@contextmanager
def in_process(directory: Path) -> Iterator[InProcess]:
    """Open a new ledger with someone who may do everything."""
    with open_ledger(LedgerSettings(directory=directory)) as ledger, asyncio.Runner() as runner:
        inside = InProcess(ledger, runner)
        inside.prepare()
        try:
            yield inside
        finally:
            inside.close()
