"""Reads for the command line: from running services, or from the directory of a stopped one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import httpx2
import orjson

ANSWER_TIMEOUT_S: Final = 60.0

Parameters = Mapping[str, str | int]


class Unreachable(Exception):
    """No service answers, or the directory holds no ledger."""


class Refused(Exception):
    """The service said no; `problem` is its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", ""))
        self.problem = problem


class Reader(Protocol):
    """Where the command line reads: the read side and, for verification, the ledger."""

    def get(self, path: str, parameters: Parameters) -> Any:
        """Read JSON from the read side.

        Raises:
            Refused: the read side says no.
            Unreachable: it does not answer.

        """

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the read side to compute something; see `get`."""

    def study(
        self, name: str, body: Mapping[str, Any], parameters: Parameters
    ) -> Iterator[dict[str, Any]]:
        """Ask for a study over a period; yields progress and rows, then the sum; see `get`."""

    def rebuild(self) -> Iterator[dict[str, Any]]:
        """Rebuild the views; yields lines of progress, then the comparison; see `get`."""

    def verify(self) -> Iterator[dict[str, Any]]:
        """Verify the log; yields lines of progress and findings, then the verdict; see `get`."""


class ServiceReader:
    """Reads from running services over HTTP."""

    def __init__(self, read_url: str, ledger_url: str, key: str) -> None:
        self._read_url = read_url
        self._ledger_url = ledger_url
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"}, timeout=ANSWER_TIMEOUT_S
        )

    def get(self, path: str, parameters: Parameters) -> Any:
        """Read JSON from the read side."""
        return self._json("GET", path, params=dict(parameters))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the read side to compute something."""
        return self._json("POST", path, json=dict(body))

    def study(
        self, name: str, body: Mapping[str, Any], parameters: Parameters
    ) -> Iterator[dict[str, Any]]:
        """Ask the running read side for a study."""
        url = f"{self._read_url}/v1/studies/{name}"
        return self._lines("POST", url, json=dict(body), params=dict(parameters))

    def rebuild(self) -> Iterator[dict[str, Any]]:
        """Rebuild the views of the running read side."""
        return self._lines("POST", f"{self._read_url}/v1/rebuild")

    def verify(self) -> Iterator[dict[str, Any]]:
        """Let the running ledger verify its log."""
        return self._lines("GET", f"{self._ledger_url}/v1/verify")

    def _json(self, method: str, path: str, **asked: Any) -> Any:
        try:
            answer = self._client.request(method, f"{self._read_url}{path}", **asked)
        except httpx2.TransportError as error:
            raise Unreachable(f"{self._read_url} does not answer: {error}") from error
        return content_of(answer)

    def _lines(self, method: str, url: str, **asked: Any) -> Iterator[dict[str, Any]]:
        try:
            with self._client.stream(method, url, timeout=None, **asked) as answer:
                yield from lines_of(answer)
        except httpx2.TransportError as error:
            raise Unreachable(f"{url} does not answer: {error}") from error


def lines_of(answer: httpx2.Response) -> Iterator[dict[str, Any]]:
    """Give the JSON of each line of an answer as it arrives; see `content_of`."""
    if answer.is_error:
        answer.read()
        content_of(answer)
    for line in answer.iter_lines():
        if line:
            yield orjson.loads(line)


def content_of(answer: httpx2.Response) -> Any:
    """Give the JSON of an answer.

    Raises:
        Refused: the answer is a problem document.
        Unreachable: the answer is not from opsledger.

    """
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise Unreachable(
            f"{answer.url} answers {answer.status_code} and no JSON; is it an opsledger service?"
        ) from None
    if answer.is_error:
        raise Refused(content)
    return content
