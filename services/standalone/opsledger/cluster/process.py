"""A program that runs as a process of ours, writes to a log, and is told to end."""

import subprocess
from collections.abc import Sequence
from pathlib import Path


class LoggedProcess:
    """A process that can be started again after it ended; what it says is added to its log."""

    def __init__(self, log: Path, stop_s: float) -> None:
        """`stop_s` is how long it may take to end when it is told to; then it is killed."""
        self.log = log
        self._stop_s = stop_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process is not None and self.running() else None

    def running(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Tell the process to end and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._stop_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _launch(self, command: Sequence[str | Path]) -> None:
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603 - a program of ours.
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the one who started it, and who stops it in order.
                start_new_session=True,
            )
