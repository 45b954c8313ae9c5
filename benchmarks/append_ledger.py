"""Ourselves without HTTP: the log with entries given, and the writer with commands to decide."""

from benchmarks.answers import SCOPE, answer_of, fingerprint_of, key_of
from benchmarks.ledgers import made_ready, opened_log
from benchmarks.mix import RECORDED_AT, Command
from benchmarks.places import Place
from benchmarks.submissions import commands_of, decide, prepared

from opsledger_ledger.recording.log import NewEntry
from opsledger_ledger.writing.submission import Submission


class Appending:
    """The append path: key looked up, entries hashed, chained into the tree, answer kept, commit.

    As many commands go into one commit as clients wait.
    """

    def __init__(self, place: Place, _events: int) -> None:
        made_ready(place)
        self._log = opened_log(place, writing=True)
        # A log takes no entry from before its head's time.
        self._recorded_at = max(RECORDED_AT, self._log.head().recorded_at)
        self._groups: list[list[tuple[Command, str, list[NewEntry]]]] = []

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Put commands into groups; hashes and answers are made when they are recorded."""
        asked = [
            (command, key_of(command), [NewEntry(*made) for made in command])
            for command in commands
        ]
        self._groups = [asked[first : first + clients] for first in range(0, len(asked), clients)]

    def run(self) -> None:
        """Record the groups one after the other."""
        for group in self._groups:
            with self._log.begin([(SCOPE, key) for _, key, _ in group]) as batch:
                position = batch.head.position
                for (command, key, entries), stored in zip(group, batch.known, strict=True):
                    assert stored is None
                    batch.append(entries, self._recorded_at)
                    answer = answer_of(command, position)
                    batch.put_answer(SCOPE, key, fingerprint_of(command), answer)
                    position += len(command)


class Deciding:
    """The whole writer: real commands of the domain, queued, decided, recorded and answered."""

    def __init__(self, place: Place, events: int) -> None:
        self._ledger = prepared(place)
        self._commands = commands_of(events)
        self._runs = 0
        self._submissions: list[Submission] = []
        self._clients = 0

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Make as many commands of our own; the mix only tells how many."""
        self._runs += 1
        self._submissions = self._commands(f"run-{self._runs}", len(commands))
        self._clients = clients

    def run(self) -> None:
        """Have them decided, so many waiting at any time."""
        decide(self._ledger, self._submissions, self._clients)
