"""What was found about mutants, kept line by line so that a run that was broken off goes on."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from support.mutation.forking import Outcome


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a mutant; `killer` is the test that failed, `seconds` how long it took."""

    key: str
    module: str
    outcome: Outcome
    killer: str
    seconds: float

    @property
    def survived(self) -> bool:
        """Whether no test noticed the fault."""
        return self.outcome in {Outcome.SURVIVED, Outcome.NOT_RUN}


class Results:
    """The results of one state of package and tests, and what earlier states can tell.

    An earlier killer is only a hint: the test is run first.
    """

    def __init__(self, file: Path, state: str) -> None:
        self.file = file
        self.found: dict[str, Result] = {}
        self.killers: dict[str, str] = {}
        _cut_torn_line(file)
        rows = list(_read(file))
        for row_state, row in rows:
            if row.killer:
                self.killers[row.key] = row.killer
            if row_state == state:
                self.found[row.key] = row
        self.state = state

    def add(self, result: Result) -> None:
        """Keep one more result."""
        self.found[result.key] = result
        line = json.dumps({"state": self.state, **asdict(result)}, ensure_ascii=False)
        with self.file.open("a", encoding="utf-8") as kept:
            kept.write(f"{line}\n")

    def reread(self) -> None:
        """Take in what another process has added."""
        self.found = {row.key: row for state, row in _read(self.file) if state == self.state}


def _cut_torn_line(file: Path) -> None:
    """Remove the line that a run has begun to write when it was ended, if there is one."""
    if file.exists():
        content = file.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with file.open("r+b") as kept:
                kept.truncate(whole)


def _read(file: Path) -> Iterable[tuple[str, Result]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        state = fields.pop("state")
        yield state, Result(**{**fields, "outcome": Outcome(fields["outcome"])})
