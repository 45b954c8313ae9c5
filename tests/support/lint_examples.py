"""The published examples of lint findings: one document that triggers each check, one that does not.

An example is a base document and changes to it, in the manner of JSON Patch. A segment such as
`clause=3.4` picks the row of a list with that field.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.linting.finding import LintFinding
from opsledger_contracts.linting.linter import Surroundings, lint
from support.source import ROOT

EXAMPLES = ROOT / "contracts" / "examples" / "lint"
DOCUMENTS = ROOT / "contracts" / "examples" / "documents"


def examples() -> dict[str, Any]:
    """Give every example by the identifier of its check."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(EXAMPLES.glob("*.json"))
    }


def patched(base: str, changes: list[dict[str, Any]]) -> Rulebook:
    """Give a document with changes."""
    document = json.loads(Path(DOCUMENTS / base).read_text("utf-8"))
    for change in changes:
        *above, last = change["path"].strip("/").split("/")
        place = document
        for segment in above:
            place = place[_key(place, segment)]
        if change["op"] == "remove":
            del place[_key(place, last)]
        elif last == "-":
            place.append(deepcopy(change["value"]))
        else:
            place[_key(place, last)] = deepcopy(change["value"])
    return msgspec.convert(document, Rulebook)


def _key(place: Any, segment: str) -> Any:
    if not isinstance(place, list):
        return segment
    field, equals, value = segment.partition("=")
    if not equals:
        return int(segment)
    return next(at for at, row in enumerate(place) if row[field] == value)


def found(example: dict[str, Any], which: str) -> list[LintFinding]:
    """Give what the linter says about the document that triggers, or the one that passes."""
    before = example.get("before")
    surroundings = Surroundings(
        before=None if before is None else patched(before, []),
        calendar_years=frozenset(example["calendar_years"]),
    )
    findings = lint(patched(example["base"], example[which]), surroundings)
    return [finding for finding in findings if finding.code == example["check"]]
