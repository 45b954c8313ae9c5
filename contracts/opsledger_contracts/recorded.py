"""Decoders for what was checked before it was recorded: they ask no text for its pattern again.

About half of the time in which an event is decoded goes into searching its texts for the patterns
of their fields. Patterns keep bad input out of the ledger, so they are asked where something comes
in; who reads an entry that the ledger holds already reads the same objects in the other half.

msgspec ties the checks of a class to the class. So each class gets a twin that differs in the types
of its fields alone; what is decoded into a twin is then made an object of the class itself.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields, force_setattr

from opsledger_contracts.event import Event

S = TypeVar("S", bound=Struct)


def decoder_of_recorded(kind: type[S]) -> Callable[[bytes], S]:
    """Give a function that decodes JSON as `msgspec.json.Decoder(kind)`, without the patterns."""
    twin = _twin(kind)
    if twin is None:
        return msgspec.json.Decoder(kind).decode
    decode = cast("Callable[[bytes], S]", msgspec.json.Decoder(twin.kind).decode)

    def decoded(document: bytes) -> S:
        found = decode(document)
        force_setattr(found, "__class__", kind)
        for name in twin.holding:
            _become_all(getattr(found, name))
        return found

    return decoded


class _Twin(NamedTuple):
    kind: type[Struct]
    original: type[Struct]
    holding: tuple[str, ...]
    """Fields that may hold an object of another twin, or a tuple of such."""


_TWINS: dict[type, _Twin] = {}
"""Every twin by its class."""


def _become_all(found: object) -> None:
    """Make the objects of twins in what a field holds, and all that they hold, the original's."""
    if isinstance(found, tuple):
        for each in cast("tuple[object, ...]", found):
            _become_all(each)
    elif isinstance(found, Struct) and (twin := _TWINS.get(type(found))) is not None:
        force_setattr(found, "__class__", twin.original)
        for name in twin.holding:
            _become_all(getattr(found, name))


@cache
def _twin(original: type[Struct]) -> _Twin | None:
    """Make the twin of a class; None where no text of it has a pattern."""
    own = {
        field.name: _without_patterns(field.type)
        for field in fields(original)
        if field.name not in Event.__struct_fields__
    }
    if all(own.get(field.name, field.type) == field.type for field in fields(original)):
        return None
    config = original.__struct_config__
    # A decoder looks for the fields in their order, and an entry has them in that of their names.
    in_order = sorted(fields(original), key=attrgetter("encode_name"))
    kind = msgspec.defstruct(
        original.__name__,
        [(field.name, own.get(field.name, field.type), _same(field)) for field in in_order],
        bases=(original,),
        kw_only=True,
        tag_field=config.tag_field,
        tag=config.tag,
    )
    holding = tuple(name for name, form in own.items() if _holds_twin(form))
    twin = _TWINS[kind] = _Twin(kind, original, holding)
    return twin


def _same(field: FieldInfo) -> Any:
    default: dict[str, Any] = {
        "default": field.default,
        "default_factory": field.default_factory,
    }
    return msgspec.field(name=field.encode_name, **default)


def _without_patterns(form: Any) -> Any:
    """Give a type in which no text has a pattern, and each class is replaced by its twin.

    Few events have a dictionary, and what is in one keeps its patterns.
    """
    if isinstance(form, type) and issubclass(form, Struct):
        twin = _twin(form)
        return form if twin is None else twin.kind
    origin, parts = get_origin(form), get_args(form)
    if origin is Annotated:
        kept = [each for each in parts[1:] if not (isinstance(each, Meta) and each.pattern)]
        plain = _without_patterns(parts[0])
        return Annotated[plain, *kept] if kept else plain
    if origin in {Union, UnionType}:
        return Union[tuple(_without_patterns(each) for each in parts)]  # noqa: UP007 - made here.
    if origin is tuple:
        return cast("Any", tuple).__class_getitem__(tuple(map(_without_patterns, parts)))
    return cast("Any", form)


def _holds_twin(form: Any) -> bool:
    return form in _TWINS or any(map(_holds_twin, get_args(form)))
