"""The base of every event class."""

from typing import ClassVar, dataclass_transform

import msgspec

from opsledger_contracts.fields import Evidence


# The metaclass passes these two on to subclasses; type checkers know it from here only.
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Event(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Something that happened, as recorded under `data` of an entry.

    A subclass names itself by `TYPE`, the product's name and version of the event
    (`letter.signed.v1`), never by a Python path. A field with a default is absent from the entry
    when it holds the default; a stored field never changes its meaning.
    """

    TYPE: ClassVar[str]

    evidence: tuple[Evidence, ...] = ()
