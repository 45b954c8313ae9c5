"""Ledger services as processes of their own on one PostgreSQL schema, any number of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.ledger_service import Process
from support.log_places import PostgresPlace

PROGRAM = """
import sys
from pathlib import Path
import structlog
from opsledger_ledger.bootstrap.serving import serve
from opsledger_ledger.config import LedgerSettings

def announce(ledger, address):
    key = ledger.administrator_key
    print(address, key.token if key else "-", flush=True)

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
url_file, schema, key_file = sys.argv[1:]
settings = LedgerSettings(
    database_url_file=Path(url_file),
    database_schema=schema,
    personal_key_file=Path(key_file),
    snapshot_file=Path(key_file).with_name("decisions.snapshot"),
    port=0,
)
sys.exit(serve(settings, announce))
"""


@contextmanager
def ledgers(
    place: PostgresPlace, count: int, program: str = PROGRAM
) -> Iterator[Sequence[Process]]:
    """Start services on a migrated schema, all at once; whatever is left is ended at the end."""
    url_file = place.personal_key_file.with_name("service.url")
    url_file.write_text(place.schema.service_url, encoding="utf-8")
    with ExitStack() as stack:
        started = [stack.enter_context(_started(place, url_file, program)) for _ in range(count)]
        yield [_announced(process) for process in started]


@contextmanager
def _started(
    place: PostgresPlace, url_file: Path, program: str
) -> "Iterator[subprocess.Popen[str]]":
    places = str(url_file), place.schema.name, str(place.personal_key_file)
    with subprocess.Popen(
        [sys.executable, "-c", program, *places],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()


def _announced(process: "subprocess.Popen[str]") -> Process:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the ledger did not start: {process.wait()}"
    address, token = line.split()
    return Process(process, address, token)
