"""The plain library without HTTP: clients in threads, each loads, decides and saves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
from benchmarks.mix import Command
from benchmarks.peer_application import Facts, Things
from benchmarks.places import Place

Share = list[tuple[Command, list[tuple[Facts, Facts]]]]


class Saving:
    """Saves each command by one `Application.save`."""

    def __init__(self, place: Place, _events: int) -> None:
        self._things = Things(place)
        self._things.require_durable()
        self._shares: list[Share] = []

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Give each client its share; commands on one stream are one client's."""
        self._shares = [[] for _ in range(clients)]
        for command in commands:
            number = int(command[0].stream.rpartition("-")[2])
            self._shares[number % clients].append((command, list(parts(command))))

    def run(self) -> None:
        """Let all clients go through their shares at once."""
        with ThreadPoolExecutor(len(self._shares)) as pool:
            list(pool.map(self._save, self._shares))

    def _save(self, share: Share) -> None:
        for command, changes in share:
            noun, _, name = command[0].stream.partition("/")
            if command[0].version == 1:
                self._things.found(noun, name, changes)
            else:
                self._things.record(noun, name, changes)


def parts(command: Command) -> Iterator[tuple[Facts, Facts]]:
    """Take each entry apart into the facts and what is told about them."""
    for made in command:
        about: Facts = msgspec.json.decode(made.entry)
        yield about.pop("data"), about
