"""A ledger under load: clients that send all kinds of commands, a subscriber, and the verdict."""

import http.client
import json
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final

from opsledger_ledger.recording.verification import verify
from support.history import Request, subscription_violations, violations
from support.http_clients import (
    Address,
    Command,
    CommandClient,
    Connection,
    Subscriber,
    read_feed,
)
from support.ledger_process import LedgerProcess
from support.ledger_service import GROUP, Caller

CLIENTS: Final = 6
JOIN_S: Final = 60
LOOK_S: Final = 0.1
"""How often to look whether a service that acknowledges nothing is there at all."""
SCOPES: Final = ("administrator", "writer", "auditor", "operator", "subscriber")
EXAMPLES: Final = Path(__file__).parents[2] / "contracts" / "examples" / "documents"
RULEBOOK: Final[dict[str, Any]] = json.loads((EXAMPLES / "rulebook-RB-2026.1.json").read_bytes())
CLAUSES: Final = 7
"""Clauses of a drafted rulebook, each an event beside that of the draft."""


def prepare(ledger: LedgerProcess) -> str:
    """Register a unit, a post and who holds it in a new ledger; gives a key for everything."""
    with Caller(f"http://{ledger.address}", ledger.first_key) as administrator:
        client = administrator.caller("client", SCOPES)
        post = {"unit": "HQ", "title": "运营主管", "tier": "supervisor", "functions": ["ops"]}
        for path, body in (
            ("units/HQ/register", GROUP),
            ("positions/P-1/define", post),
            ("positions/P-1/appoint", {"person": "client", "valid_from": "2026-01-01"}),
        ):
            answer = administrator.post(f"/v1/{path}", body)
            assert answer.status_code in {200, 201}, answer.text
        return client.token


def commands(name: str, chance: random.Random) -> Iterator[Command]:
    """Make up commands without end: some can be repeated, some make a thing, some many events."""
    number = 0
    while True:
        number += 1
        kind = chance.random()
        if kind < 0.6:
            # Nothing but its key keeps a review from being recorded twice.
            yield Command("/v1/positions/P-1/review", {"outcome": f"{name}-{number}"})
        elif kind < 0.8:
            yield Command(f"/v1/units/{name}-{number}/register", GROUP)
        else:
            identifier = f"{name}.{number}"
            document = RULEBOOK | {
                "rulebook": name,
                "version": number,
                "clauses": RULEBOOK["clauses"][:CLAUSES],
            }
            yield Command(f"/v1/rulebooks/{identifier}/draft", {"document": document}, 1 + CLAUSES)


@dataclass
class Swarm:
    """The clients of one ledger and what they were told."""

    ledger: LedgerProcess
    token: str
    address: Address
    clients: list[CommandClient] = field(default_factory=list)
    acknowledged: Event = field(default_factory=Event)
    subscriber: Subscriber = field(init=False)

    def __post_init__(self) -> None:
        """Make the subscriber."""
        self.subscriber = Subscriber(self.connection())

    def connection(self) -> Connection:
        """Make a connection that goes the way of the clients."""
        return Connection(self.address, self.token)

    def straight(self) -> Connection:
        """Make a connection that goes to the service itself."""
        return Connection(lambda: self.ledger.address, self.token)

    def wait_for_acknowledgement(self) -> None:
        """Wait until some command is acknowledged from now on."""
        assert self.acknowledged_within(JOIN_S), "no command was acknowledged"

    def acknowledged_within(self, wait_s: float) -> bool:
        """Tell whether some command is acknowledged from now on, in time and by this service."""
        self.acknowledged.clear()
        deadline = time.monotonic() + wait_s
        while not self.acknowledged.wait(LOOK_S):
            if self.ledger.end_by_itself(0) is not None or time.monotonic() > deadline:
                return False
        return True

    def position_told(self) -> int:
        """Tell the last position that an answer has named so far."""
        told = [each.positions for client in self.clients for each in tuple(client.requests)]
        return max((max(positions) for positions in told if positions), default=0)

    def end(self) -> None:
        """Let every client end, with the service running."""
        for client in self.clients:
            client.end()
        for client in self.clients:
            client.join(JOIN_S)
            assert not client.is_alive(), f"{client.name} does not end"

    def verdict(
        self, again: int, chance: random.Random, others: Sequence[Request] = ()
    ) -> list[str]:
        """Name everything that contradicts what the clients were told, and `others` elsewhere.

        Asks `again` commands once more, and reads feed and log; the service is stopped by it.
        """
        read = read_feed(self.straight())
        requests = [each for client in self.clients for each in client.requests]
        found = violations([*requests, *others], read.log)
        self.subscriber.end_at(len(read.log), JOIN_S)
        found += self._changed_answers(again, chance)
        status, _ = self.ledger.stop(signal.SIGTERM)
        self.subscriber.join(JOIN_S)
        found += subscription_violations(
            self.subscriber.received, read.leaves, self.subscriber.resumed_after
        )
        if status:
            found.append(f"the service ended with status {status}")
        log = self.ledger.place.open(writing=False)
        with closing(log):
            found += [str(finding) for finding in verify(log)]
            if log.head().position != len(read.log):
                found.append("commands under used keys were recorded again")
        return found

    def _changed_answers(self, again: int, chance: random.Random) -> Iterator[str]:
        told = [each for client in self.clients for each in client.told]
        with closing(self.straight()) as connection:
            for each in chance.sample(told, min(again, len(told))):
                answer = connection.send(each.command, each.key)
                if answer[:2] != (each.status, each.content):
                    yield f"{each.key} was answered {each.status} before and {answer.status} now"
                if each.status not in {http.client.OK, http.client.CREATED}:
                    yield f"{each.key} was refused: {each.content!r}"

    def seen(self) -> dict[str, int]:
        """Tell how much was done, for the report."""
        requests: Sequence[Any] = [each for client in self.clients for each in client.requests]
        answered = sum(each.answered is not None for each in requests)
        return {
            "acknowledged": answered,
            "unanswered": len(requests) - answered,
            "repetitions": sum(client.repetitions for client in self.clients),
            "received": len(self.subscriber.received),
            "reconnects": len(self.subscriber.resumed_after),
            "starts": self.ledger.starts,
        }


@contextmanager
def swarm(
    ledger: LedgerProcess, token: str, seed: int, address: Address | None = None
) -> Iterator[Swarm]:
    """Let clients and a subscriber loose on a ledger, by way of another address if given.

    The service is not there any more when this ends.
    """
    around = Swarm(ledger, token, address or (lambda: ledger.address))
    for number in range(CLIENTS):
        name = f"c{seed}-{number}"
        client = CommandClient(
            name,
            around.connection(),
            commands(name, random.Random(f"{name} commands")),
            random.Random(f"{name} patience"),
            around.acknowledged,
        )
        around.clients.append(client)
    around.subscriber.start()
    for client in around.clients:
        client.start()
    try:
        yield around
    finally:
        for client in around.clients:
            client.end()
        around.subscriber.end_at(0, 0)
        # What still waits for an answer ends with the service.
        ledger.kill_if_running()
        for thread in (*around.clients, around.subscriber):
            thread.join(JOIN_S)
