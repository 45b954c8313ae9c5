"""Refusals of versions of the authority matrix."""

from opsledger_contracts.problems.refusal import Conflict


class MatrixNeedsCase(Conflict):
    """Only the founding matrix of a ledger takes effect without an approval (R035)."""

    code = "matrix_needs_case"
    en = "Matrix {id} needs an approval; only the first matrix of a ledger does without."
    zh = "权责体系 {id} 须经审批;仅账本的首个权责体系可免。"
