"""All views that are projected, by name."""

from typing import Final

from opsledger_projections.views.appointments import APPOINTMENTS
from opsledger_projections.views.assessments import ASSESSMENT_RUNS, ASSESSMENTS
from opsledger_projections.views.board import PLAN_BOARD
from opsledger_projections.views.cases import CASES
from opsledger_projections.views.letters import LETTER_REVISIONS, LETTERS
from opsledger_projections.views.registers import REGISTERS
from opsledger_projections.views.trail import TRAIL
from opsledger_projections.views.units import UNITS
from opsledger_projections.views.view import View

VIEWS: Final[dict[str, View]] = {
    view.name: view
    for view in (
        PLAN_BOARD,
        LETTERS,
        LETTER_REVISIONS,
        CASES,
        TRAIL,
        ASSESSMENTS,
        ASSESSMENT_RUNS,
        UNITS,
        APPOINTMENTS,
        *REGISTERS,
    )
}
"""Every view by its name."""
