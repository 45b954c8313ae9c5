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
        """Tell the processor time that the program and its children have used so far.

        From the scheduler, to the nanosecond; the times in `stat` come in steps of 10 ms.
        """
        return sum(
            int((thread / "schedstat").read_text("ascii").split()[0]) / 1e9
            for process in self._family()
            for thread in (process / "task").iterdir()
        )

    def memory_mb(self) -> float:
        """Tell the memory of the program and its children, what they share counted once.

        That is the sum of their proportional set sizes, which is what the machine gives for them.
        """
        return sum(_memory_mb(process, "Pss") for process in self._family())

    def memory_parts(self) -> str:
        """Tell the memory of each of them, also with all that it shares."""
        sizes = [
            (_memory_mb(process, "Pss"), _memory_mb(process, "Rss")) for process in self._family()
        ]
        parts = [f"{own:.0f} (resident {resident:.0f})" for own, resident in sizes if resident]
        return f"proportional set size of {len(parts)} processes: {', '.join(parts)} MB"

    def _family(self) -> list[Path]:
        """List the program and all processes that it has started, by their parents."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                # The name in parentheses may hold anything; the parent is the second word after.
                after = status.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # It has ended meanwhile.
            parents[int(status.parent.name)] = int(after[1])
        family = [self._process.pid]
        for member in family:
            family += [child for child, parent in parents.items() if parent == member]
        return [Path(f"/proc/{member}") for member in family]

    def kill(self) -> None:
        """End the program as a crash does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the program, gently if it lets us."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _memory_mb(process: Path, size: str) -> float:
    try:
        lines = (process / "smaps_rollup").read_text("ascii").splitlines()
    except (ProcessLookupError, FileNotFoundError):
        return 0  # It has ended meanwhile.
    return sum(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{size}:"))


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
