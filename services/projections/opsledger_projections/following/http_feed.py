"""The ledger's feed over HTTP: NDJSON pages with positions."""

from collections.abc import Sequence
from typing import Final

import httpx2
import msgspec

from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable

POSITIONS_MEDIA_TYPE: Final = "application/x-ndjson;profile=positions"
ANSWER_TIMEOUT_S: Final = 10.0


class _Line(msgspec.Struct):
    position: int
    entry: msgspec.Raw


class HttpFeed:
    """Reads the feed of the ledger at `base_url` with an API key that has the scope to read it."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._client = httpx2.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=ANSWER_TIMEOUT_S,
        )
        self._lines = msgspec.json.Decoder(_Line)
        self._head = msgspec.json.Decoder(FeedHead)

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read at most `limit` entries after a position; see `Feed.page`."""
        answer = self._get(
            "/v1/events",
            params={"after": after, "limit": limit, "wait": round(wait_s)},
            headers={"Accept": POSITIONS_MEDIA_TYPE},
        )
        try:
            lines = self._lines.decode_lines(answer.content)
        except msgspec.MsgspecError as error:
            raise FeedUnreachable(f"the feed's page cannot be read: {error}") from error
        return [FeedEntry(line.position, bytes(line.entry)) for line in lines]

    def head(self) -> FeedHead:
        """Ask where the ledger stands; see `Feed.head`."""
        try:
            return self._head.decode(self._get("/v1/head").content)
        except msgspec.MsgspecError as error:
            raise FeedUnreachable(f"the ledger's head cannot be read: {error}") from error

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _get(
        self,
        path: str,
        params: dict[str, int | str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            answer = self._client.get(path, params=params, headers=headers)
        except httpx2.HTTPError as error:
            raise FeedUnreachable(f"{path}: {error}") from error
        if answer.status_code != httpx2.codes.OK:
            raise FeedUnreachable(f"{path}: status {answer.status_code}: {answer.text[:200]}")
        return answer
