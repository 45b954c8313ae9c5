"""What a validation of a document reports: one finding per defect, naming clause and path."""

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One defect of a document.

    `path` points into the document with JSON names and zero-based places (``grades.bands[1].lo``);
    `clause` is the clause or matrix item concerned, empty when the whole document is.
    """

    code: str
    path: str
    zh: str
    en: str
    clause: str = ""
