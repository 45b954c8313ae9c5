"""A program that starts ledger services, one after the other, each as a process of its own.

Importing the service takes longer than a whole cycle of a fault test. This program imports it
once and forks a process for every line on its input: JSON of the settings of the service, and of
what its environment has beside that of this program. The new process serves and writes `address
first-key process-id writer-id`; when it has ended, this program writes `ended` and its exit status,
negative for a signal.
"""

import json
import os
import sys

import structlog

from opsledger_ledger.bootstrap import serve
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.remote_writer import RemoteWriter
from support.faulty_ledger import FAULTS


def announce(ledger: Ledger, address: str) -> None:
    """Tell where the ledger is served, and its first key if it was founded just now."""
    key = ledger.administrator_key
    assert isinstance(ledger.writer, RemoteWriter)
    tell(address, key.token if key else "-", os.getpid(), ledger.writer.process_id)


def tell(*words: object) -> None:
    """Write one line at once, whole."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def main(faults: list[str]) -> None:
    """Plant faults in the service, then start it as often as it is asked for."""
    # What the service has to say must not come between the lines of this program.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    for fault in faults:
        FAULTS[fault]()
    while line := sys.stdin.readline().strip():
        settings, environment = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(environment)
            sys.exit(serve(LedgerSettings.model_validate(settings | {"port": 0}), announce))
        _, status = os.waitpid(child, 0)
        tell("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
