"""A program that starts ledger services, one after the other, each as a process of its own.

Importing the service takes longer than a whole cycle of a fault test. This program imports it
once and forks a process for every line on its input, which names a directory. The new process
serves that directory and writes `address first-key process-id`; when it has ended, this program
writes `ended` and its exit status, negative for a signal.
"""

import os
import sys
from pathlib import Path

from opsledger_ledger.bootstrap import serve
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import Ledger
from support.faulty_ledger import FAULTS


def announce(ledger: Ledger, address: str) -> None:
    """Tell where the ledger is served, and its first key if it was founded just now."""
    key = ledger.administrator_key
    tell(address, key.token if key else "-", os.getpid())


def tell(*words: object) -> None:
    """Write one line at once, whole."""
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def main(faults: list[str]) -> None:
    """Plant faults in the service, then start it as often as it is asked for."""
    for fault in faults:
        FAULTS[fault]()
    while directory := sys.stdin.readline().strip():
        child = os.fork()
        if child == 0:
            sys.exit(serve(LedgerSettings(directory=Path(directory), port=0), announce))
        _, status = os.waitpid(child, 0)
        tell("ended", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
