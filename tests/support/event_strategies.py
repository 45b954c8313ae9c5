"""Strategies for values of msgspec types, built from the types themselves and their constraints."""

import re
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

SAFE_INTEGER = 2**53 - 1

MEMBERS_MAX = (3, 2, 1)
"""Most members of a list, in the outermost struct and in those inside it; a rulebook is deep."""
CHARACTERS_MORE = (20, 8, 2)
"""Most characters of a text beyond the least it must have."""

# A lone surrogate is no character; nothing can write it in UTF-8.
CHARACTERS = st.characters(exclude_categories=["Cs"])


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Give valid values of a type, such as an event class."""
    return _values(inspect.type_info(kind), -1)


def _values(  # noqa: C901, PLR0911 - a case a type.
    info: inspect.Type, depth: int
) -> st.SearchStrategy[Any]:
    size = min(max(depth, 0), len(MEMBERS_MAX) - 1)
    match info:
        case inspect.Metadata(type=inner):
            return _values(inner, depth)
        case inspect.StrType():
            return _texts(info, size)
        case inspect.IntType():
            least = -SAFE_INTEGER if info.ge is None else int(info.ge)
            return st.integers(least, SAFE_INTEGER if info.le is None else int(info.le))
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateType():
            return st.dates()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType(values=known):
            return st.sampled_from(known)
        case inspect.VarTupleType() | inspect.ListType():
            least = info.min_length or 0
            most = max(least, MEMBERS_MAX[size])
            members = st.lists(_values(info.item_type, depth), min_size=least, max_size=most)
            return members.map(tuple) if isinstance(info, inspect.VarTupleType) else members
        case inspect.DictType(key_type=key, value_type=value):
            # Keys of canonical JSON are ASCII.
            names = _values(key, depth).filter(str.isascii)
            least = info.min_length or 0
            most = max(least, MEMBERS_MAX[size])
            return st.dictionaries(names, _values(value, depth), min_size=least, max_size=most)
        case inspect.UnionType(types=kinds):
            return st.one_of([_values(kind, depth) for kind in kinds])
        case inspect.StructType():
            return _structs(info, depth + 1)
        case _:
            raise NotImplementedError(f"no strategy for {info}")


def _texts(info: inspect.StrType, size: int) -> st.SearchStrategy[str]:
    if info.pattern is not None:
        return st.from_regex(re.compile(info.pattern, re.ASCII), fullmatch=True)
    least = info.min_length or 0
    most = min(info.max_length or 4_000, least + CHARACTERS_MORE[size])
    return st.text(CHARACTERS, min_size=least, max_size=most)


def _structs(info: inspect.StructType, depth: int) -> st.SearchStrategy[msgspec.Struct]:
    required = {field.name: _values(field.type, depth) for field in info.fields if field.required}
    optional = {
        field.name: _values(field.type, depth) for field in info.fields if not field.required
    }
    return st.fixed_dictionaries(required, optional=optional).map(lambda given: info.cls(**given))
