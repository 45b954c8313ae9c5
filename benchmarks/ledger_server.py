"""The ledger service as it is, for measuring: serves a directory and tells its address."""

import sys
from pathlib import Path

from opsledger_ledger.bootstrap import serve
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import Ledger


def _announce(_ledger: Ledger, address: str) -> None:
    print(address, flush=True)


if __name__ == "__main__":
    sys.exit(serve(LedgerSettings(directory=Path(sys.argv[1]), port=0), _announce))
