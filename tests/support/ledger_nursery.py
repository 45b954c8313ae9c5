"""A program that starts ledger services, each as a process of its own.

Importing the service takes longer than a whole cycle of a fault test. This program imports it once
and is asked over the socket that is its standard input: a message names faults to plant and brings
two descriptors. For each message it forks a nursery, which plants the faults and forks a service for
every line on the first descriptor: JSON of the settings of the service, and of what its environment
has beside that of this program. On the second descriptor the new process writes `address first-key
process-id writer-id` once it serves; when it has ended, the nursery writes `ended` and its exit
status, negative for a signal.
"""

import gc
import json
import os
import signal
import socket
import sys
from typing import Final

import structlog

from opsledger_ledger.bootstrap.serving import serve
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import Ledger
from opsledger_ledger.writing.remote_writer import RemoteWriter
from support.faulty_ledger import FAULTS

MESSAGE_BYTES_MAX: Final = 4096


def attend(faults: list[str], asked: int, told: int) -> None:
    """Plant faults in the service, then start it as often as it is asked for."""

    def tell(*words: object) -> None:
        os.write(told, (" ".join(map(str, words)) + "\n").encode())

    def announce(ledger: Ledger, address: str) -> None:
        """Tell where the ledger is served, and its first key if it was founded just now."""
        key = ledger.administrator_key
        assert isinstance(ledger.writer, RemoteWriter)
        tell(address, key.token if key else "-", os.getpid(), ledger.writer.process_id)

    for fault in faults:
        FAULTS[fault]()
    with os.fdopen(asked, encoding="utf-8") as lines:
        while line := lines.readline().strip():
            settings, environment = json.loads(line)
            child = os.fork()
            if child == 0:
                os.environ.update(environment)
                sys.exit(serve(LedgerSettings.model_validate(settings | {"port": 0}), announce))
            _, status = os.waitpid(child, 0)
            tell("ended", os.waitstatus_to_exitcode(status))


def main() -> None:
    """Fork a nursery for every message, until there will be no more."""
    # What the service has to say goes where the output of the tests goes.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    # Nurseries end by themselves and are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # A collection in a fork would touch, and so copy, all that was imported here.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=sys.stdin.fileno()) as control:
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES_MAX, 2)
            if not message:
                return
            if os.fork() == 0:
                control.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                attend(json.loads(message), *descriptors)
                return
            for descriptor in descriptors:
                os.close(descriptor)


if __name__ == "__main__":
    main()
