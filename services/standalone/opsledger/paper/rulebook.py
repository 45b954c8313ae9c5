"""A rulebook on paper: written text, its typed document, and where each finding points to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from opsledger.paper.conforming import conformed
from opsledger.paper.quantities import without_units
from opsledger.paper.reading import (
    Complaint,
    Node,
    Place,
    Pointer,
    Unreadable,
    locate,
    pointer_text,
    read,
)
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import Rulebook

_PART: Final = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A rulebook as somebody wrote it."""

    file: str
    document: Rulebook
    root: Node

    def place(self, finding: Finding) -> Place:
        """Where the thing that a finding is about stands in the file.

        A unit that was written behind its number stands where the number does.
        """
        pointer = pointer_of(finding.path)
        if "units" in pointer:
            above = pointer[: pointer.index("units")]
            parameter = str(pointer[-1]).partition(".")[0]
            if locate(self.root, (*above, "units")) == locate(self.root, above):
                pointer = (*above, "params", parameter)
        return locate(self.root, pointer)


def pointer_of(path: str) -> Pointer:
    """The pointer of a finding's path, `clauses[3].params` being ("clauses", 3, "params").

    Names of columns in `units` hold a full stop, so they stay together.
    """
    before, units, column = path.partition(".units.")
    parts: list[str | int] = [name or int(place) for name, place in _PART.findall(before)]
    return (*parts, "units", column) if units else tuple(parts)


def rulebook(file: Path) -> Written:
    """Read a rulebook from a file of YAML or JSON.

    Raises:
        Unreadable: the file is no document, or does not have the form of a rulebook.

    """
    with _of_file(file):
        root = read(_text(file))
        bare, unit_complaints = without_units(root)
        content, complaints = conformed(bare, Rulebook)
        if complaints or unit_complaints:
            found = (*unit_complaints, *complaints)
            raise Unreadable(*sorted(found, key=lambda one: (one.place.line, one.place.column)))
    return Written(file=str(file), document=msgspec.convert(content, Rulebook), root=root)


def calendar(file: Path) -> Calendar:
    """Read a calendar from a file of YAML or JSON; see `rulebook`."""
    with _of_file(file):
        content, complaints = conformed(read(_text(file)), Calendar)
        if complaints:
            raise Unreadable(*complaints)
    return msgspec.convert(content, Calendar)


@contextmanager
def _of_file(file: Path) -> Iterator[None]:
    """Say in each complaint which file it is about."""
    try:
        yield
    except Unreadable as unreadable:
        raise Unreadable(
            *(msgspec.structs.replace(one, file=str(file)) for one in unreadable.complaints)
        ) from None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            Complaint(
                code="not_utf8",
                place=Place(1, 1),
                pointer=pointer_text(()),
                zh="文件不是 UTF-8 编码",
                en=f"the file is not UTF-8 at byte {error.start}",
            )
        ) from None
