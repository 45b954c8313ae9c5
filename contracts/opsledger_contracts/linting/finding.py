"""One finding of the linter: a defect with its severity and the figures that show it."""

from typing import Literal

import msgspec

from opsledger_contracts.documents.finding import Finding

Severity = Literal["error", "warning", "info"]
"""An error stands against publishing, a warning until somebody accepts it, an info never."""


class LintFinding(Finding, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding with its severity; `code` is the identifier of the check, e.g. ``RB-BAND-GAP``.

    `facts` are the figures that show it, as exact text: for a jump `at`, `before`, `after`.
    """

    severity: Severity = "error"
    facts: dict[str, str] = msgspec.field(default_factory=dict)
