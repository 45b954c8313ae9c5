"""The ledger service as it is, for measuring: serves a place and tells its address."""

import sys

from benchmarks.places import Place, settings

from opsledger_ledger.bootstrap.serving import serve
from opsledger_ledger.ledger import Ledger


def _announce(_ledger: Ledger, address: str) -> None:
    print(address, flush=True)


if __name__ == "__main__":
    sys.exit(serve(settings(Place.of(sys.argv[1])), _announce))
