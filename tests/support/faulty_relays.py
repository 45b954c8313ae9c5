"""Relays with a planted fault, to show that the trials and the checker would find one."""

import asyncio

import nats
import nats.errors
from nats.aio.client import Client
from nats.js.api import StreamConfig

from opsledger_contracts.relayed import subject
from support.relayed_ledgers import ANSWER_S, MemoryLog

PAUSE_S = 0.05


class _SimpleRelay:
    """Publishes entry after entry and keeps the position that it has reached in its memory."""

    def __init__(self, log: MemoryLog, url: str, stream: str) -> None:
        self._log = log
        self._url = url
        self._stream = stream
        self._stopping = asyncio.Event()
        self._position = 0

    def stop(self) -> None:
        """End after the entry under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Relay until told to stop; what fails is sent again."""

        async def ignored(_error: Exception) -> None:
            """Leave it to the publication."""

        client = await nats.connect(self._url.split(","), error_cb=ignored)
        try:
            while not self._stopping.is_set():
                for stored in self._log.entries(self._position, 100):
                    headers = self._headers(stored.position)
                    try:
                        await client.jetstream().publish(
                            subject(self._stream, stored.type),
                            stored.entry,
                            timeout=ANSWER_S,
                            headers=headers,
                        )
                    except nats.errors.Error:
                        await self._recover(client)
                        break
                    self._position = stored.position
                await asyncio.sleep(PAUSE_S)
        finally:
            await client.close()

    def _headers(self, _position: int) -> dict[str, str] | None:
        return None

    async def _recover(self, client: Client) -> None:
        """Make a stream where there is none, as somebody has to."""
        try:
            await client.jetstream().add_stream(
                StreamConfig(
                    name=self._stream,
                    subjects=[f"{self._stream}.>"],
                    num_replicas=3,
                    allow_direct=True,
                    duplicate_window=0.1,
                )
            )
        except nats.errors.Error:
            await asyncio.sleep(PAUSE_S)


class RememberingRelay(_SimpleRelay):
    """Keeps its position in memory only: it goes on there although the stream is a new one."""


class TrustingRelay(_SimpleRelay):
    """Sends everything again when it starts, and trusts the broker to know each entry by its id.

    The broker remembers ids for a while only: two minutes as a rule, a tenth of a second here.
    """

    def _headers(self, position: int) -> dict[str, str] | None:
        return {"Nats-Msg-Id": str(position)}
