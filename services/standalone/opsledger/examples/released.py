"""One example entry of every event type in the catalogue, released file by file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from opsledger.examples import assessing, governing, importing, planning, ruling, working
from opsledger.examples.branching import Branch, recorded
from opsledger.examples.recording import story_recorded, veto_recorded
from opsledger.story.step import Memory
from opsledger_contracts.catalogue import EVENTS

BRANCHES: Final[tuple[Callable[[Memory], Iterator[Branch]], ...]] = (
    governing.organisation,
    governing.powers,
    importing.imports,
    ruling.rulebooks,
    planning.cycles,
    planning.plans,
    planning.letters,
    working.work,
    working.cases,
    working.adjustments,
    working.conflicts,
    working.incidents,
    assessing.measurements,
    assessing.assessments,
    assessing.disputes,
    assessing.replays,
    assessing.grades,
)
"""What makes the branches of the story, noun by noun."""


def examples() -> dict[str, bytes]:
    """Give the exact bytes of one entry of each type, as the stories had it first."""
    story = story_recorded()
    entries = list(story.entries)
    for branches in BRANCHES:
        for branch in branches(story):
            entries += recorded(branch, story)
    entries += veto_recorded().entries
    found: dict[str, bytes] = {}
    for entry in entries:
        found.setdefault(entry.recorded.envelope.type, entry.stored)
    return found


def release(folder: Path) -> int:
    """Write the examples that the folder does not have yet; gives their number.

    A file that is there is never written again: it was released, and readers rely on it.

    Raises:
        LookupError: there is no example of a type; those that there are have been written.

    """
    paths = {name: folder / f"{name}.json" for name in EVENTS}
    missing = {name: path for name, path in paths.items() if not path.exists()}
    if not missing:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    found = examples()
    unreached = missing.keys() - found.keys()
    for name in missing.keys() - unreached:
        missing[name].write_bytes(found[name] + b"\n")
    if unreached:
        names = ", ".join(sorted(unreached))
        raise LookupError(f"no example of {names}: let the story reach it, or add a branch")
    return len(missing)
