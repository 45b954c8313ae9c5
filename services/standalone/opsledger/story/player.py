"""Plays a story through the public HTTP API of a ledger with a scripted clock."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson

from opsledger.story.cast import AUDITOR, ROLES, SUBSCRIBER, Role
from opsledger.story.step import Step

PERSONS = {role.position: role for role in (*ROLES, AUDITOR, SUBSCRIBER)}


class StoryStray(Exception):
    """The ledger answered a step otherwise than the story expects."""


class Player:
    """Sends the steps of a story, each at its moment and by its person.

    The player holds an API key per person; `introduce` issues them. It is also the story's memory:
    a step can look up what earlier steps led to, through the feed.
    """

    def __init__(self, ledger_url: str, admin_key: str, clock_file: Path) -> None:
        self._client = httpx2.Client(base_url=ledger_url, timeout=30.0)
        self._clock_file = clock_file
        self._keys = {"admin": admin_key}
        self._sent = 0

    def key_of(self, position: str) -> str:
        """Give the API key of the person in a position."""
        return self._keys[position]

    def introduce(self, roles: Iterable[Role], at: str) -> Iterator[Step]:
        """Yield the steps that issue an API key to each person, keeping the secrets."""
        for role in roles:
            secret = secrets.token_hex(32)
            credential = f"K-{role.person}"
            self._keys[role.position] = f"opl_{credential}_{secret}"
            yield Step(
                at=at,
                by="admin",
                do=f"credentials/{credential}/issue",
                body={
                    "person": role.person,
                    "title": role.title,
                    "scopes": list(role.scopes),
                    "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
                },
                en=f"{role.title} receives an API key",
                zh=f"向{role.title}签发密钥",
            )

    def play(self, step: Step) -> dict[str, Any]:
        """Send one step; gives the answer of the ledger.

        Raises:
            StoryStray: accepted where a refusal is expected, refused, or refused with another code.

        """
        self._set_clock(step.moment())
        self._sent += 1
        headers = {
            "Authorization": f"Bearer {self._keys[step.by]}",
            "Idempotency-Key": f"story-{self._sent:04d}",
            "Content-Type": "application/json",
        }
        if step.by != "admin":
            headers["Acting-Position"] = step.by
        answer = self._client.post(
            f"/v1/{step.do}", content=orjson.dumps(step.content(self)), headers=headers
        )
        content: dict[str, Any] = orjson.loads(answer.content)
        code = content.get("code") if answer.is_error else None
        if code != step.refused:
            told = orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
            raise StoryStray(
                f"{step.at} {step.by} {step.do}: expected {step.refused or 'acceptance'}, "
                f"got {answer.status_code}\n{told}"
            )
        return content

    def data(self, stream: str, type_name: str) -> dict[str, Any]:
        """Give the data of the latest event of a type in a stream."""
        found = [entry for entry in self._entries(stream) if entry["type"] == type_name]
        if not found:
            raise StoryStray(f"{stream} has no {type_name}")
        data: dict[str, Any] = found[-1]["data"]
        return data

    def version(self, stream: str) -> int:
        """Tell the last version of a stream."""
        return len(self._entries(stream))

    def position(self) -> int:
        """Tell the last position of the ledger."""
        return int(self._get("/v1/head")["position"])

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _entries(self, stream: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._get(f"/v1/streams/{stream}")
        return entries

    def _get(self, path: str) -> Any:
        reader = self._keys.get(AUDITOR.position, self._keys["admin"])
        answer = self._client.get(
            path,
            headers={
                "Authorization": f"Bearer {reader}",
                "Accept": "application/cloudevents-batch+json, application/json",
            },
        )
        answer.raise_for_status()
        return orjson.loads(answer.content)

    def _set_clock(self, moment: str) -> None:
        # The service reads the file at any time, so it must never see half of it.
        written = self._clock_file.with_suffix(".new")
        written.write_text(moment, encoding="ascii")
        written.replace(self._clock_file)
