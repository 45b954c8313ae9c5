"""Events of a version of the authority matrix (权责体系)."""

from datetime import date
from typing import ClassVar

from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Sha256


class MatrixDrafted(Event, kw_only=True):
    """A version of the matrix was drafted as a whole document (R035, R036)."""

    TYPE: ClassVar[str] = "matrix.drafted.v1"
    document: AuthorityMatrix
    content_hash: Sha256


class MatrixVersionApproved(Event, kw_only=True):
    """An approval case decided on exactly this content."""

    TYPE: ClassVar[str] = "matrix.approved.v1"
    case: Identifier
    content_hash: Sha256


class AuthorityMatrixVersionPublished(Event, kw_only=True):
    """The version is in force from a day on; its content never changes again."""

    TYPE: ClassVar[str] = "matrix.published.v1"
    content_hash: Sha256
    effective_from: date
    founding: bool = False
    """Whether this is the first matrix of the ledger, for which no approval can exist yet."""


class MatrixSuperseded(Event, kw_only=True):
    """A later version took its place from a day on."""

    TYPE: ClassVar[str] = "matrix.superseded.v1"
    by: Identifier
    effective_to: date
    """First day on which it is no longer in force."""


class MatrixWithdrawn(Event, kw_only=True):
    """A draft was withdrawn."""

    TYPE: ClassVar[str] = "matrix.withdrawn.v1"
