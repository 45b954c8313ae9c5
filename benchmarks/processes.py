"""Programs that run beside the measuring process: started here, and stopped by their own id."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
STOP_S: Final = 15
"""How long a program may take to end before it is killed."""


class Program:
    """A running module of this folder, spoken with in lines."""

    def __init__(self, process: "subprocess.Popen[str]", module: str) -> None:
        self._process = process
        self._module = module

    def read(self) -> str:
        """Read the next line that the program writes.

        Raises:
            RuntimeError: it ended instead.

        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"{self._module} ended with status {self._process.wait(STOP_S)}"
            raise RuntimeError(message)
        return line.strip()

    def write(self, line: str) -> None:
        """Send the program a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def cpu_s(self) -> float:
        """Tell the processor time that the program's threads have used so far.

        From the scheduler, to the nanosecond; the times in `stat` come in steps of 10 ms.
        """
        threads = Path(f"/proc/{self._process.pid}/task").iterdir()
        used_ns = [int((thread / "schedstat").read_text("ascii").split()[0]) for thread in threads]
        return sum(used_ns) / 1e9

    def stop(self) -> None:
        """End the program, gently if it lets us."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


@contextmanager
def running(module: str, *arguments: str) -> Iterator[Program]:
    """Run `benchmarks.<module>` until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        program = Program(process, module)
        try:
            yield program
        finally:
            program.stop()
