"""Clients that keep an account of what they were told: of commands, and of the event stream."""

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final, NamedTuple

from opsledger_contracts.evidence.merkle import leaf_hash
from support.history import Logged, Request

LOST: Final = (OSError, http.client.HTTPException)
"""What a client meets when its connection or the service behind it goes."""

ANSWER_S: Final = 20
PAUSE_S: Final = 0.01
"""Between two attempts."""

GIVEN_UP: Final = 0.3
"""Share of lost answers after which a client does not ask again."""

AGAIN: Final = frozenset((429, 503))
"""Statuses that say nothing about the command."""

Address = Callable[[], str | None]
"""Tells where the service is at this moment, if it is anywhere."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to send, and how many events it makes."""

    path: str
    body: dict[str, Any]
    events: int = 1


class Answer(NamedTuple):
    """What came back once."""

    status: int
    content: bytes
    cache_control: str

    def positions(self) -> tuple[int, ...]:
        """Tell the positions that the answer to a command names; none if it was refused."""
        return tuple(json.loads(self.content).get("positions", ()))


@dataclass(frozen=True, slots=True)
class Told:
    """A command and the answer a client got to it at last."""

    key: str
    command: Command
    status: int
    content: bytes


class Connection:
    """One connection that is made anew, to wherever the service is, after it was lost."""

    def __init__(self, address: Address, token: str) -> None:
        self._address = address
        self._token = token
        self._connection: http.client.HTTPConnection | None = None

    def send(self, command: Command, key: str) -> Answer:
        """Send a command once; its key is its correlation id too, so that the feed shows it.

        Raises:
            OSError, http.client.HTTPException: the answer was lost, or there is no service.

        """
        headers = {
            "Idempotency-Key": key,
            "Correlation-Id": key,
            "Content-Type": "application/json",
        }
        return self._exchange("POST", command.path, json.dumps(command.body), headers)

    def get(self, path: str, accept: str = "*/*") -> Answer:
        """Read something once.

        Raises:
            OSError, http.client.HTTPException: the answer was lost, or there is no service.

        """
        return self._exchange("GET", path, None, {"Accept": accept})

    def stream(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Begin to read an answer that does not end.

        Raises:
            OSError, http.client.HTTPException: there is no service.

        """
        connection = self._connected()
        connection.request("GET", path, headers=headers | self._authorization)
        return connection.getresponse()

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            address = self._address()
            if address is None:
                raise ConnectionRefusedError("the service is not there")
            self._connection = http.client.HTTPConnection(address, timeout=ANSWER_S)
        return self._connection

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> Answer:
        try:
            connection = self._connected()
            connection.request(method, path, body, headers | self._authorization)
            with connection.getresponse() as answer:
                # http.client takes a head that was cut for a whole one.
                if answer.length is None:
                    raise http.client.IncompleteRead(b"")
                cache_control = answer.headers.get("Cache-Control", "")
                return Answer(answer.status, answer.read(), cache_control)
        except LOST:
            self.close()
            raise


class CommandClient(Thread):
    """Sends commands, each under a key of its own, and repeats it after a lost answer.

    Sometimes it gives a command up instead, and never learns what became of it.
    """

    def __init__(
        self,
        name: str,
        connection: Connection,
        commands: Iterator[Command],
        chance: random.Random,
        acknowledged: Event,
    ) -> None:
        """`acknowledged` is set with every answer that tells positions."""
        super().__init__(name=name, daemon=True)
        self._connection = connection
        self._commands = commands
        self._random = chance
        self._acknowledged = acknowledged
        self._ending = Event()
        self.requests: list[Request] = []
        """The account, for the history checker."""
        self.told: list[Told] = []
        self.repetitions = 0

    def run(self) -> None:
        """Send commands until told to end; the last one is pursued to its answer or given up."""
        number = 0
        while not self._ending.is_set():
            number += 1
            self._pursue(f"{self.name}-{number}", next(self._commands))
        self._connection.close()

    def end(self) -> None:
        """Let the client end after its present command."""
        self._ending.set()

    def _pursue(self, key: str, command: Command) -> None:
        sent = time.monotonic()
        while True:
            try:
                answer = self._connection.send(command, key)
            except LOST as error:
                refused = isinstance(error, ConnectionRefusedError)
                if self._ending.is_set() or (not refused and self._random.random() < GIVEN_UP):
                    self.requests.append(Request(key=key, events=command.events, sent=sent))
                    return
            else:
                if not _says_nothing(answer):
                    self._note(key, command, sent, answer)
                    return
            self.repetitions += 1
            self._ending.wait(PAUSE_S)

    def _note(self, key: str, command: Command, sent: float, answer: Answer) -> None:
        answered = time.monotonic()
        positions = answer.positions()
        self.requests.append(
            Request(
                key=key,
                events=command.events,
                sent=sent,
                answered=answered,
                positions=positions,
            )
        )
        self.told.append(Told(key, command, answer.status, answer.content))
        if positions:
            self._acknowledged.set()


def _says_nothing(answer: Answer) -> bool:
    return answer.status in AGAIN or (
        answer.status == http.client.CONFLICT
        and json.loads(answer.content).get("code") == "idempotency_key_in_flight"
    )


class Subscriber(Thread):
    """Follows the event stream and resumes after its last event whenever it is cut."""

    def __init__(
        self, connection: Connection, received: Callable[[int], None] = lambda _position: None
    ) -> None:
        """`received` is told the position of every event when it has come."""
        super().__init__(name="subscriber", daemon=True)
        self._connection = connection
        self._told = received
        self._ending = Event()
        self.received: list[tuple[int, str]] = []
        """Position and leaf of every event, as it came."""
        self.resumed_after: list[int] = []

    def run(self) -> None:
        """Read the stream until told to end."""
        while not self._ending.is_set():
            try:
                self._read()
            except (*LOST, ValueError):
                # http.client raises ValueError where a chunked answer is cut in its length.
                pass
            self._connection.close()
            self._ending.wait(PAUSE_S)

    def _read(self) -> None:
        last = self.received[-1][0] if self.received else 0
        headers = {"Last-Event-ID": str(last)}
        with self._connection.stream("/v1/events/stream", headers) as answer:
            if answer.status != http.client.OK:
                return
            self.resumed_after.append(last)
            position, data = 0, b""
            while not self._ending.is_set():
                line = answer.readline()
                if not line.endswith(b"\n"):
                    return
                if line.startswith(b"id: "):
                    position = int(line[4:])
                elif line.startswith(b"data: "):
                    data = line[6:-1]
                elif line == b"\n" and data:
                    self.received.append((position, leaf_hash(data).hex()))
                    self._told(position)
                    data = b""

    def end_at(self, position: int, wait_s: float) -> None:
        """Let the subscriber end once it has come to a position, or the time is over."""
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self.received and self.received[-1][0] >= position:
                break
            time.sleep(PAUSE_S)
        self._ending.set()


@dataclass(frozen=True, slots=True)
class Read:
    """The whole feed, as a reader got it."""

    log: list[Logged]
    leaves: list[str]


def read_feed(connection: Connection) -> Read:
    """Read all pages of the feed; the positions are those that the feed states."""
    log: list[Logged] = []
    leaves: list[str] = []
    after = 0
    with closing(connection):
        while True:
            status, content, _ = connection.get(
                f"/v1/events?after={after}&limit=1000", "application/x-ndjson;profile=positions"
            )
            assert status == http.client.OK, content
            lines = content.splitlines()
            if not lines:
                return Read(log, leaves)
            for line in lines:
                stated = json.loads(line)
                log.append(Logged(stated["position"], stated["entry"]["correlationid"]))
                leaves.append(stated["leaf"])
            after = log[-1].position
